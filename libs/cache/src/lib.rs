//! Cache by URL: in process here, Redis behind the same seam.
