"""The fakes: routes and state, no sockets. One fake a package, and what they share beside them."""
