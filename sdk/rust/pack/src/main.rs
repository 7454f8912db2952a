//! `fondaco-pack IN.wasm OUT.wasm [--manifest fondaco.toml]`: packs one guest, for those who build without xtask.
//! A folder `migrations` beside the manifest is packed too.

use fondaco_pack::{Manifest, componentize, is_component, with_manifest};
use std::{env, error::Error, fs, path::Path, process::ExitCode};

const USAGE: &str = "usage: fondaco-pack IN.wasm OUT.wasm [--manifest fondaco.toml]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match *arguments.as_slice() {
        [input, output] => pack(input, output, None),
        [input, output, "--manifest", manifest] => pack(input, output, Some(manifest)),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(bytes) => {
            eprintln!("{bytes} bytes");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fondaco-pack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn pack(input: &str, output: &str, manifest: Option<&str>) -> Result<usize, Box<dyn Error>> {
    let bytes = fs::read(input).map_err(|error| format!("{input}: {error}"))?;
    let mut component = if is_component(&bytes) { bytes } else { componentize(&bytes)? };
    if let Some(path) = manifest {
        component = with_manifest(&component, &Manifest::from_file(Path::new(path))?)?;
    }
    fs::write(output, &component).map_err(|error| format!("{output}: {error}"))?;
    Ok(component.len())
}
