//! A channel to the gateway, for teams outside of this process.

use std::time::Duration;

use tonic::transport::{Channel, Endpoint, Error};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often an idle connection is probed, so that a dead one is noticed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Connects to UltraMarket at `url`, for example `http://127.0.0.1:8000`.
///
/// The channel reconnects by itself and can be cloned freely. Deadlines are those of the RPCs' policies, which the
/// server keeps; a shorter one is set by `Request::set_timeout`.
///
/// # Errors
/// The URL is malformed, or nobody answers there within five seconds.
pub async fn connect(url: &str) -> Result<Channel, Error> {
    Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(2 * KEEPALIVE / 3)
        .tcp_nodelay(true)
        .connect()
        .await
}
