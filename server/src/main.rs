//! The program `yizhan`: see [`yizhan_server::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    yizhan_server::cli::run(std::env::args_os())
}
