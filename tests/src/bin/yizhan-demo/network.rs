//! The relay of the demonstration, served over loopback HTTP.
