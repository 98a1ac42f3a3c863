//! Requests against the router, without a socket.
