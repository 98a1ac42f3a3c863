//! Tokens of a provider that a test plays.
