//! The partners' side: listeners, access, policies, the queue, and the reply.
