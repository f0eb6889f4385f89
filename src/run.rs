//! One run: from the command line to the exit code.
//!
//! Knows: the order of the stations and what goes to which stream. Must not know: how any station works.

mod accept;
mod ask;
mod branches;
mod complete;
mod explain;
mod finish;
mod man;
mod migrate;
mod mistakes;
mod pager;
mod progress;
mod prune;
mod read;
mod status;
mod verify;

use std::io::{self, IsTerminal, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

use crate::cli::{Color, Command};
use crate::demo;
use crate::error::{Error, Kind, Result};
use crate::repo;
use crate::report::{self, Look};

/// Runs the program on the arguments of the process.
pub fn main() -> ExitCode {
    if let Some(code) = complete::answer() {
        return code;
    }
    let command = match Command::parse(std::env::args_os()) {
        Ok(command) => command,
        Err(error) => {
            let code = error.exit_code();
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let outcome = caught(|| match &command {
        Command::Migrate(asked, output) => writing(|| migrate::run(asked, output)),
        Command::Status(asked) => status::run(asked),
        Command::Accept(asked) => writing(|| accept::run(asked)),
        Command::Prune(asked) => writing(|| prune::run(asked)),
        Command::Explain(asked) => explain::run(asked),
        Command::Verify(asked) => verify::run(asked),
        Command::Completions(asked) => complete::script(asked.shell).and_then(|text| print(&text)).map(|()| 0),
        Command::Man(asked) => man::run(asked).and_then(|text| print(&text)).map(|()| 0),
        Command::Demo(dir) => demo::write(dir).and_then(|text| print(&text).map(|()| 0)),
    });
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let look = look(Color::Auto, io::stderr().is_terminal());
            let _ = io::stderr().write_all(report::error(&error, &look).as_bytes());
            ExitCode::from(error.kind.exit_code())
        }
    }
}

/// Runs what writes branches, with signals that wait for it.
fn writing(work: impl FnOnce() -> Result<u8>) -> Result<u8> {
    repo::watch();
    work()
}

/// Runs `work`; a panic in it, on whatever thread, becomes an error that says where.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    static WHERE: Mutex<Option<String>> = Mutex::new(None);
    panic::set_hook(Box::new(|info| {
        if let Ok(mut place) = WHERE.lock() {
            place.get_or_insert_with(|| info.to_string());
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let place = WHERE.lock().ok().and_then(|place| place.clone()).unwrap_or_default();
        Err(Error { kind: Kind::Panic, message: place, hints: Vec::new() })
    })
}

fn look(color: Color, terminal: bool) -> Look {
    let colour = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    let width = width(terminal).unwrap_or(100);
    Look { width, colour }
}

/// Columns to write in. `COLUMNS` goes first, for a pipe, too: who sets it for a program means it.
fn width(terminal: bool) -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal.then(terminal_size::terminal_size)?.map(|(width, _)| usize::from(width.0)))
}

/// Prints to standard output; a reader that went away is no error.
fn print(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::user(format!("cannot write the report: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_where() {
        let error = caught::<()>(|| {
            let list: Vec<u8> = Vec::new();
            let _ = list[list.len()];
            Ok(())
        })
        .unwrap_err();
        let _ = panic::take_hook();
        assert_eq!(error.kind, Kind::Panic);
        assert!(error.message.contains("src/run.rs") && error.message.contains("out of bounds"), "{error}");
        let shown = report::error(&error, &Look { width: 80, colour: false });
        assert!(shown.starts_with("internal error: ") && shown.contains("please report it"), "{shown}");
    }
}
