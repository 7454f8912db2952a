//! `wasi:cli`: standard error and output are the log; there are no arguments, no environment, no terminal.

use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream};

use super::super::PluginState;
use super::super::state::Hit;
use super::io::STREAM;

impl stderr::Host for PluginState {
    fn get_stderr(&mut self) -> Result<Resource<DynOutputStream>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }
}

impl stdout::Host for PluginState {
    fn get_stdout(&mut self) -> Result<Resource<DynOutputStream>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }
}

impl stdin::Host for PluginState {
    fn get_stdin(&mut self) -> Result<Resource<DynInputStream>> {
        self.pay()?;
        Ok(Resource::new_own(STREAM))
    }
}

impl environment::Host for PluginState {
    fn get_environment(&mut self) -> Result<Vec<(String, String)>> {
        self.pay()?;
        Ok(Vec::new())
    }

    fn get_arguments(&mut self) -> Result<Vec<String>> {
        self.pay()?;
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> Result<Option<String>> {
        self.pay()?;
        Ok(None)
    }
}

impl exit::Host for PluginState {
    fn exit(&mut self, _status: std::result::Result<(), ()>) -> Result<()> {
        Err(self.stop(Hit::Exit))
    }

    fn exit_with_code(&mut self, _status: u8) -> Result<()> {
        Err(self.stop(Hit::Exit))
    }
}

impl terminal_input::Host for PluginState {}
impl terminal_input::HostTerminalInput for PluginState {
    fn drop(&mut self, _input: Resource<terminal_input::TerminalInput>) -> Result<()> {
        self.pay()
    }
}

impl terminal_output::Host for PluginState {}
impl terminal_output::HostTerminalOutput for PluginState {
    fn drop(&mut self, _output: Resource<terminal_output::TerminalOutput>) -> Result<()> {
        self.pay()
    }
}

impl terminal_stdin::Host for PluginState {
    fn get_terminal_stdin(&mut self) -> Result<Option<Resource<terminal_input::TerminalInput>>> {
        self.pay()?;
        Ok(None)
    }
}

impl terminal_stdout::Host for PluginState {
    fn get_terminal_stdout(&mut self) -> Result<Option<Resource<terminal_output::TerminalOutput>>> {
        self.pay()?;
        Ok(None)
    }
}

impl terminal_stderr::Host for PluginState {
    fn get_terminal_stderr(&mut self) -> Result<Option<Resource<terminal_output::TerminalOutput>>> {
        self.pay()?;
        Ok(None)
    }
}
