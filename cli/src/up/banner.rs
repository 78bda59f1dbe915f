//! What is printed when the marketplace is up.

use super::process::Running;
use crate::{config::Settings, import::credentials::FILE};

/// URLs, where the administrator's password is, and three lines to try.
pub(super) fn text(running: &Running, settings: &Settings) -> String {
    let url = format!("http://{}", running.http);
    let credentials = settings.data_dir.join(FILE);
    let mut text = format!(
        "UltraMarket {} is up.\n\n  shop        {url}  (REST, gRPC; {url}/docs)\n  operations  http://{}  (/health/ready, /metrics)\n  data        {}\n",
        env!("CARGO_PKG_VERSION"),
        running.admin,
        settings.data_dir.display(),
    );
    match running.administrator() {
        Some((email, password)) => {
            text += &format!(
                "  admin       {email} with password {password}\n              (told this once; kept in {})\n",
                credentials.display(),
            );
        }
        None => text += &format!("  admin       see {}\n", credentials.display()),
    }
    if let Some(products) = running.sample {
        text += &format!("  sample      {products} products, to play with\n");
    }
    text + &format!(
        "\nTry\n  curl '{url}/api/v1/products?pageSize=5'\n  curl '{url}/api/v1/search?query=headphones'\n  curl {url}/api/v1/auth/register --json '{{\"email\":\"ann@example.com\",\"password\":\"correct horse battery\",\"displayName\":\"Ann\"}}'\n\n"
    )
}
