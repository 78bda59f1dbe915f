//! How a command ends: one sentence for people, one code for scripts.
//!
//! The codes are those of `sysexits.h` where it has one, so that a supervisor can tell what is worth a retry.

use std::{fmt, process::ExitCode};

/// Why a command failed, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something else went wrong.
    Failure = 1,
    /// Arguments that make no sense together. The same code as clap's for arguments that it cannot read.
    Usage = 2,
    /// Some lines of an import were not taken; the others were.
    Data = 65,
    /// The input file cannot be read.
    NoInput = 66,
    /// The server cannot be reached, or does not answer.
    Unavailable = 69,
    /// A file or directory cannot be created or written.
    CannotCreate = 73,
    /// The port or the data directory is in use by another process.
    InUse = 75,
    /// The credentials are refused.
    NoPermission = 77,
    /// The configuration, or a database from another version, does not fit.
    Config = 78,
}

/// The codes, as `ultramarket --help` lists them.
pub(crate) const CODES: &str = "\
Exit codes:
   0  done
   1  failed for a reason that is none of the following
   2  wrong usage
  65  import finished, but some lines were not taken
  66  the input file cannot be read
  69  the server cannot be reached
  73  a file or directory cannot be created or written
  75  the port or the data directory is in use by another process
  77  the credentials are refused
  78  the configuration is wrong, or a database belongs to another version";

/// A command that did not do what it was told.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure; `message` is a sentence without its final stop.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// Its exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        let all = [
            Exit::Failure,
            Exit::Usage,
            Exit::Data,
            Exit::NoInput,
            Exit::Unavailable,
            Exit::CannotCreate,
            Exit::InUse,
            Exit::NoPermission,
            Exit::Config,
        ];
        for exit in all {
            let code = format!("{:>4}  ", exit as u8);
            assert!(CODES.lines().any(|line| line.starts_with(&code)), "{exit:?}");
        }
    }
}
