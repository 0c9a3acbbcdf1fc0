//! Every request and answer of the HTTP API, once: the server, the command line and the client use the same types.
