//! Compatibility levels: which pairs of reader and writer a registration must satisfy (contract 4.9).

use std::fmt;

/// The direction of compatibility: the side that reads and the side that wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The candidate reads data of a version of the history.
    Backward,
    /// A version of the history reads data of the candidate.
    Forward,
}

/// Versions that a sentence names one by one.
const NAMED: usize = 5;

impl Direction {
    /// The name in answers and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        }
    }

    /// The parties affected when this direction breaks, by role.
    ///
    /// `versions` are listed in the given order, each as a `noun` (`version`, `commit`).
    pub fn affected(self, noun: &str, versions: &[impl fmt::Display]) -> String {
        let named: Vec<String> = versions.iter().take(NAMED).map(ToString::to_string).collect();
        let versions = match (named.as_slice(), versions.len()) {
            ([], _) => return "The reader cannot read what the writer writes.".to_owned(),
            ([one], 1) => format!("{noun} {one}"),
            ([most @ .., last], count) if count <= NAMED => format!("{noun}s {} and {last}", most.join(", ")),
            (_, count) => format!("{noun}s {} and {} more", named.join(", "), count - NAMED),
        };
        match self {
            Self::Backward => format!("Consumers that move to the new schema cannot read records of {versions}."),
            Self::Forward => format!("Consumers still on {versions} cannot read records of the new schema."),
        }
    }
}

/// The compatibility guarantee of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// Nothing is checked.
    None,
    /// The candidate reads data of the latest version.
    #[default]
    Backward,
    /// The candidate reads data of every live version.
    BackwardTransitive,
    /// The latest version reads data of the candidate.
    Forward,
    /// Every live version reads data of the candidate.
    ForwardTransitive,
    /// Both directions, against the latest version.
    Full,
    /// Both directions, against every live version.
    FullTransitive,
}

impl Level {
    /// Every level, in the order documentation lists them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Backward,
        Self::BackwardTransitive,
        Self::Forward,
        Self::ForwardTransitive,
        Self::Full,
        Self::FullTransitive,
    ];

    /// Reads a level name, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text))
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }

    /// The directions to check, in the order their findings are reported.
    pub fn directions(self) -> &'static [Direction] {
        match self {
            Self::None => &[],
            Self::Backward | Self::BackwardTransitive => &[Direction::Backward],
            Self::Forward | Self::ForwardTransitive => &[Direction::Forward],
            Self::Full | Self::FullTransitive => &[Direction::Forward, Direction::Backward],
        }
    }

    /// Whether every live version is checked, rather than only the latest.
    pub fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_affected() {
        for (direction, versions, expected) in [
            (Direction::Backward, &[3][..], "Consumers that move to the new schema cannot read records of version 3."),
            (Direction::Forward, &[1, 3], "Consumers still on versions 1 and 3 cannot read records of the new schema."),
            (
                Direction::Forward,
                &[1, 2, 3, 4, 5, 6, 7],
                "Consumers still on versions 1, 2, 3, 4, 5 and 2 more cannot read records of the new schema.",
            ),
            (Direction::Backward, &[], "The reader cannot read what the writer writes."),
        ] {
            assert_eq!(direction.affected("version", versions), expected);
        }
    }
}
