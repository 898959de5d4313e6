//! Moves messages from the queue into the stream.
