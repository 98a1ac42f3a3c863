//! One harness for Yizhan, in the words of the domain.

pub mod process;
