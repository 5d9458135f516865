//! Enums whose variants are words that others see: codes, columns, types of events, stored values.

/// An enum whose variants are words that others see. The macro `words!` declares and implements it.
pub trait Words: Copy + Sized + 'static {
    /// All that this version knows, in the order of their declaration.
    const ALL: &'static [Self];

    /// The variant for words that only a newer version knows, if the enum has one.
    const UNRECOGNIZED: Option<Self>;

    /// The word that others see.
    fn as_str(self) -> &'static str;

    /// The one with this word, if this version knows it.
    fn from_name(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == word)
    }
}

/// Declares an enum, the word of each variant, and the list of all variants, in one place: tests
/// compare the lists with the documentation.
///
/// After a word, more about each variant can follow a colon; a function's signature behind the enum
/// names it. A last line `_ => Unrecognized,` adds a variant for words that only a newer version
/// knows. No word is read as it.
#[macro_export]
macro_rules! words {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[$of_variant:meta])* $variant:ident => $word:literal,)+
            $(_ => $unrecognized:ident,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of_variant])* $variant,)+
            $(
                /// One that only a newer version knows.
                $unrecognized,
            )?
        }

        impl $name {
            /// All that this version knows, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word that others see.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                    $(Self::$unrecognized => "unrecognized",)?
                }
            }

            /// The word to store; none for a word that was not recognized when it was read.
            pub const fn word(self) -> Option<&'static str> {
                match self {
                    $(Self::$unrecognized => None,)?
                    known => Some(known.as_str()),
                }
            }

            /// The one with this word, if this version knows it.
            pub fn from_name(word: &str) -> Option<Self> {
                <Self as $crate::values::Words>::from_name(word)
            }
        }

        impl $crate::values::Words for $name {
            const ALL: &'static [Self] = Self::ALL;
            const UNRECOGNIZED: Option<Self> = $crate::words!(@last $($unrecognized)?);

            fn as_str(self) -> &'static str {
                self.as_str()
            }
        }
    };
    (@last) => { None };
    (@last $unrecognized:ident) => { Some(Self::$unrecognized) };
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $($(#[$of_variant:meta])* $variant:ident => $word:literal: $of_word:expr,)+
        }

        $(#[$of_function:meta])*
        $visible:vis fn $function:ident(self) -> $type:ty;
    ) => {
        $crate::words! {
            $(#[$attribute])*
            pub enum $name {
                $($(#[$of_variant])* $variant => $word,)+
            }
        }

        impl $name {
            $(#[$of_function])*
            $visible const fn $function(self) -> $type {
                match self {
                    $(Self::$variant => $of_word,)+
                }
            }
        }
    };
}
