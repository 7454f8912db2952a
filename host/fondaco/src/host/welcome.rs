//! What `up --seed` says when it is ready: the demo's keys, and what to try.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::config::Config;
use crate::demo::DemoKeys;

pub(super) fn text(folder: &Path, keys: &DemoKeys, config: &Config, address: SocketAddr) -> String {
    let mut lines = vec![String::new()];
    for (tenant, key) in &keys.tenants {
        lines.push(format!("  demo key of {tenant:<9} {key}"));
    }
    lines.push(format!("  demo key of {:<9} {}", "operator", keys.operator));
    lines.push("\nto try, in another terminal (the demo's keys are found in the state folder):".to_owned());
    let standard = Config::default();
    if address != standard.listen {
        lines.push(format!("  export FONDACO_URL=http://{address}"));
    }
    if config.state != standard.state {
        lines.push(format!("  export FONDACO_STATE={}", config.state.display()));
    }
    let program = program();
    let (program, carts) = (program.display(), short(&folder.join("carts")));
    for tenant in keys.tenants.keys() {
        lines.push(format!(
            "  {program} quote {} --tenant {tenant}",
            carts.join(tenant).with_extension("json").display()
        ));
    }
    lines.push(format!("  {program} quote {}", carts.join("by-sku.json").display()));
    lines.push(format!("  {program} plugins"));
    lines.push(format!("  {program} logs -f volume-tiers"));
    lines.push(format!("  curl -s http://{address}/openapi.json"));
    lines.join("\n")
}

fn program() -> PathBuf {
    std::env::current_exe().map_or_else(|_unknown| PathBuf::from("fondaco"), |path| short(&path))
}

/// As it would be typed from here.
fn short(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).map_or_else(|_elsewhere| path.to_owned(), Path::to_owned)
}
