//! Texts from outside that are checked where they come in, and nowhere else.

/// A text without the byte order mark that editors and serializers of Windows put before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

/// Declares a text that passed a check: its name, why a text does not pass, and the part of a text
/// that does.
macro_rules! checked_text {
    ($(#[$attribute:meta])* $name:ident, $error:ty, |$text:ident| $check:expr) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl std::str::FromStr for $name {
            type Err = $error;

            fn from_str($text: &str) -> Result<Self, $error> {
                let passed: &str = $check?;
                Ok(Self(passed.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use checked_text;

/// Lets serde read types as they are read from a text, with `#[serde(try_from = "String")]`.
macro_rules! read_from_string {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = <Self as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    )+};
}

pub(crate) use read_from_string;
