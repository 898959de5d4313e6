//! Following first, loading second.
