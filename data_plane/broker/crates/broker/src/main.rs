//! The program; what it does is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    headrace_broker::main()
}
