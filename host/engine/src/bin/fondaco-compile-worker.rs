//! A compile worker as a program of its own, for tests and embedders whose own program has no hidden subcommand.

fn main() -> std::process::ExitCode {
    fondaco_engine::worker::main(std::env::args_os().skip(1))
}
