//! Lines, and which of their changes break.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use semver::Version;

/// Marks what callers or implementers must give, and whose it is.
const REQUIRED: &str = " [required by ";

/// All that a package offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// Of the package.
    pub version: Version,
    /// A line for everything.
    pub lines: BTreeSet<String>,
}

impl Surface {
    /// That of an extractor's output.
    pub fn of(version: Version, text: &str) -> Self {
        let lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty());
        Self {
            version,
            lines: lines.map(str::to_owned).collect(),
        }
    }
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# version {}", self.version)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Surface {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (head, lines) = text.split_once('\n').unwrap_or((text, ""));
        let version = head
            .strip_prefix("# version ")
            .ok_or("does not begin with `# version`")?;
        let version = version
            .parse()
            .map_err(|error| format!("{version:?}: {error}"))?;
        Ok(Self::of(version, lines))
    }
}

/// What breaks a program that was written for `released`.
pub fn breaks(released: &Surface, now: &Surface) -> Vec<String> {
    let gone = released.lines.difference(&now.lines).filter(|line| {
        // What may be left out now.
        let relaxed = line.split_once(REQUIRED).map(|(line, _)| line);
        !relaxed.is_some_and(|line| now.lines.contains(line))
    });
    let gone = gone.map(|line| format!("gone: {line}"));
    let asked = now.lines.difference(&released.lines).filter(|line| {
        let owner = line
            .split_once(REQUIRED)
            .map(|(_, owner)| owner.trim_end_matches(']'));
        // What is asked for by something new breaks nobody.
        owner.is_some_and(|owner| released.lines.iter().any(|line| names(line, owner)))
    });
    gone.chain(asked.map(|line| format!("asked for: {line}")))
        .collect()
}

/// Whether a line has this name in it, and not only a longer one.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let inside =
            |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        !inside(before) && !inside(after)
    })
}

/// Whether the step from one version to another announces a breaking change.
pub fn may_break(from: &Version, to: &Version) -> bool {
    match (from.major, to.major) {
        (0, 0) => to.minor > from.minor,
        (from, to) => to > from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(lines: &[&str]) -> Surface {
        Surface::of(Version::new(0, 1, 0), &lines.join("\n"))
    }

    #[test]
    fn what_goes_or_changes_breaks_and_what_comes_does_not() {
        let released = surface(&[
            "def a.f -> int",
            "argument a.f(x: int) [required by a.f]",
            "class a.C",
        ]);
        for (now, broken) in [
            (
                vec![
                    "def a.f -> int",
                    "argument a.f(x: int) [required by a.f]",
                    "class a.C",
                ],
                0,
            ),
            (
                vec![
                    "def a.f -> int",
                    "argument a.f(x: int) [required by a.f]",
                    "class a.C",
                    "class a.D",
                ],
                0,
            ),
            (
                vec!["def a.f -> int", "argument a.f(x: int) [required by a.f]"],
                1,
            ),
            (
                vec![
                    "def a.f -> str",
                    "argument a.f(x: int) [required by a.f]",
                    "class a.C",
                ],
                1,
            ),
            // Another argument that may be left out, and one that may not.
            (
                vec![
                    "def a.f -> int",
                    "argument a.f(x: int) [required by a.f]",
                    "argument a.f(y: int)",
                    "class a.C",
                ],
                0,
            ),
            (
                vec![
                    "def a.f -> int",
                    "argument a.f(x: int) [required by a.f]",
                    "argument a.f(y: int) [required by a.f]",
                    "class a.C",
                ],
                1,
            ),
            // One that may be left out from now on.
            (
                vec!["def a.f -> int", "argument a.f(x: int)", "class a.C"],
                0,
            ),
            // A new function may ask for what it wants.
            (
                vec![
                    "def a.f -> int",
                    "argument a.f(x: int) [required by a.f]",
                    "class a.C",
                    "def a.ff -> int",
                    "argument a.ff(x: int) [required by a.ff]",
                ],
                0,
            ),
        ] {
            let found = breaks(&released, &surface(&now));
            assert_eq!(found.len(), broken, "{now:?}: {found:?}");
        }
    }

    #[test]
    fn members_that_must_be_there_break() {
        for (released, more) in [
            (
                "field t.T.url: str [required by t.T]",
                "field t.T.slug: str [required by t.T]",
            ),
            (
                ".: interface P, url: string [required by interface P]",
                ".: interface P, f: (x: P) => void [required by interface P]",
            ),
            (
                "type Clock interface, Now() [required by type Clock interface]",
                "type Clock interface, Later() [required by type Clock interface]",
            ),
        ] {
            let found = breaks(&surface(&[released]), &surface(&[released, more]));
            assert_eq!(found.len(), 1, "{more}: {found:?}");
            assert!(
                breaks(&surface(&["class Other"]), &surface(&["class Other", more])).is_empty()
            );
        }
    }

    #[test]
    fn the_version_announces_it() {
        for (from, to, may) in [
            ("0.1.0", "0.1.1", false),
            ("0.1.9", "0.2.0", true),
            ("0.9.0", "1.0.0", true),
            ("1.2.0", "1.3.0", false),
            ("1.2.0", "2.0.0", true),
        ] {
            assert_eq!(
                may_break(&from.parse().unwrap(), &to.parse().unwrap()),
                may,
                "{from} {to}"
            );
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let surface = surface(&["class b", "class a"]);
        assert_eq!(surface.to_string(), "# version 0.1.0\nclass a\nclass b\n");
        assert_eq!(surface.to_string().parse(), Ok(surface));
        assert!("class a\n".parse::<Surface>().is_err());
    }
}
