//! What the pre-parser accepts and refuses.
