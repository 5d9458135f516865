//! How Tollgate's pages look. `tokens.css` has every color, size and space, `look.css` the rules on
//! them; a page brings its words and its structure, and no style of its own.
//!
//! A server sends [`STYLE`] from its own origin, as `text/css`, so that a page's policy needs no
//! inline style.

/// The style sheet of every page: the tokens, then the rules.
pub const STYLE: &str = concat!(include_str!("tokens.css"), include_str!("look.css"));

#[cfg(test)]
mod tests;
