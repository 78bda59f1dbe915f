//! How a service starts, listens, authenticates, authorizes, reports and stops.
