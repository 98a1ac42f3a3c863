//! What `GET /v1/watch` says: "this scope moved to this sequence", and nothing else.
//!
//! Server-sent events, two kinds. `moved`: the data is the scope's text, a space and the
//! sequence. `pull`: the listener was too slow and missed some; it should sync now. A device
//! that reads an event of another name ignores it.

use std::fmt;
use std::str::FromStr;

use crate::id::IdError;
use crate::scope::Scope;
use crate::sequence::Sequence;

/// Name of the event that carries a [`Moved`].
pub const EVENT_MOVED: &str = "moved";
/// Name of the event that tells a slow listener to sync now; its data is empty.
pub const EVENT_PULL: &str = "pull";

/// A scope has something up to this sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Which scope.
    pub scope: Scope,
    /// Its latest sequence.
    pub sequence: Sequence,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.scope, self.sequence)
    }
}

impl FromStr for Moved {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = || IdError::new("a moved event (SCOPE SEQUENCE)", text);
        let (scope, sequence) = text.split_once(' ').ok_or_else(wrong)?;
        Ok(Self {
            scope: scope.parse()?,
            sequence: sequence
                .parse()
                .ok()
                .and_then(Sequence::new)
                .ok_or_else(wrong)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_its_own_text() {
        let moved = Moved {
            scope: Scope::Region("shanxi".parse().unwrap()),
            sequence: Sequence::FIRST,
        };
        assert_eq!(moved.to_string(), "region:shanxi 1");
        assert_eq!(moved.to_string().parse(), Ok(moved));
        for wrong in [
            "",
            "region:shanxi",
            "region:shanxi 0",
            "region:shanxi -1",
            "x 1",
        ] {
            assert!(wrong.parse::<Moved>().is_err(), "{wrong}");
        }
    }
}
