//! The façade as an app uses it: phones of several people, and a tiny relay between them.

mod activities;
