//! Compiled components on disk.
//!
//! Machine code is trusted once it is mapped, so a file is mapped only when this host made it and nothing touched it
//! since: behind the code stands a MAC, keyed with a secret that never leaves the folder, over the file's name and its
//! bytes. What is torn, truncated, tampered with, renamed or of another wasmtime fails it, is logged, deleted and
//! compiled anew. (Who may write to the folder as the same user could also replace the host itself.)
//!
//! A file appears by write, fsync, rename: it is there whole or not at all.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wasmtime::component::Component;

use super::prune::{PruneRules, Pruned, prune, touch};
use crate::engine::PerEngine;
use crate::{Class, Digest};

const SECRET_FILE: &str = "host.key";
const MAC_BYTES: usize = blake3::OUT_LEN;
/// A file that was being written this long ago never will be.
const ABANDONED: Duration = Duration::from_mins(10);

pub(super) struct Cache {
    dir: PathBuf,
    secret: [u8; 32],
    /// The hash of all that decides on machine code, by class: part of the name, so that an upgrade of wasmtime or
    /// other settings miss, and an old host beside this one keeps its own.
    plugins: u64,
    services: u64,
    temporary: AtomicU64,
}

impl Cache {
    pub(super) fn open(dir: &Path, engines: [(Class, &wasmtime::Engine); 2]) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        remove_abandoned(dir);
        let [plugins, services] = engines.map(|(class, engine)| {
            let mut hasher = DefaultHasher::new();
            class.as_str().hash(&mut hasher);
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        });
        let secret = secret(dir)?;
        Ok(Self { dir: dir.to_owned(), secret, plugins, services, temporary: AtomicU64::new(0) })
    }

    /// The component for each engine, if a sound file holds it, and the file's size.
    pub(super) fn get(
        &self,
        engines: &PerEngine<wasmtime::Engine>,
        class: Class,
        digest: Digest,
    ) -> Option<(PerEngine<Component>, usize)> {
        let name = self.name(class, digest);
        let path = self.dir.join(&name);
        let loaded = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => Err(error.to_string()),
            Ok(bytes) => self
                .check(&name, &bytes)
                .and_then(|()| Ok((engines.try_map(|engine| map(engine, &path))?, bytes.len()))),
        };
        match loaded {
            Ok(found) => {
                touch(&path);
                Some(found)
            }
            // Another host pruned it between the two looks.
            Err(_) if !path.exists() => None,
            Err(reason) => {
                tracing::warn!(file = name, reason, "compiled component discarded");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps what the compiler made.
    pub(super) fn put(&self, class: Class, digest: Digest, artifact: &[u8]) -> io::Result<()> {
        let name = self.name(class, digest);
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = self.dir.join(format!("tmp-{}-{number}", std::process::id()));
        let written = write_whole(&temporary, &[artifact, self.mac(&name, artifact).as_bytes()])
            .and_then(|()| fs::rename(&temporary, self.dir.join(&name)))
            .and_then(|()| File::open(&self.dir)?.sync_all());
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Renews the files of the components that are `in_use` and removes what `rules` no longer keep.
    pub(super) fn prune(
        &self,
        rules: PruneRules,
        registered: &HashSet<Digest>,
        in_use: &[(Class, Digest)],
    ) -> io::Result<Pruned> {
        let in_use = in_use.iter().map(|(class, digest)| self.name(*class, *digest)).collect();
        prune(&self.dir, rules, registered, &in_use)
    }

    fn name(&self, class: Class, digest: Digest) -> String {
        let compatibility = match class {
            Class::Plugin => self.plugins,
            Class::Service => self.services,
        };
        format!("{class}-{compatibility:016x}-{digest}.cwasm")
    }

    fn mac(&self, name: &str, artifact: &[u8]) -> blake3::Hash {
        blake3::Hasher::new_keyed(&self.secret).update(name.as_bytes()).update(artifact).finalize()
    }

    fn check(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let code = bytes.len().checked_sub(MAC_BYTES).ok_or("it is too short")?;
        let (artifact, mac) = bytes.split_at(code);
        let mac = <[u8; MAC_BYTES]>::try_from(mac).map_err(|error| error.to_string())?;
        // `blake3::Hash` compares in constant time.
        if self.mac(name, artifact) == mac { Ok(()) } else { Err("its MAC is wrong".to_owned()) }
    }
}

/// Maps the file. The MAC behind the code is no part of any section and does no harm.
fn map(engine: &wasmtime::Engine, path: &Path) -> Result<Component, String> {
    // SAFETY: the MAC says that this host wrote these bytes, and the folder is closed to other users.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize_file(engine, path) };
    component.map_err(|error| format!("{error:#}"))
}

fn write_whole(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.sync_all()
}

/// The folder's secret, made at the first use. Two hosts that start together agree on one: a link is made by exactly
/// one of them.
fn secret(dir: &Path) -> io::Result<[u8; 32]> {
    let path = dir.join(SECRET_FILE);
    let read = |path: &Path| -> io::Result<[u8; 32]> {
        fs::read(path)?.try_into().map_err(|_| io::Error::other(format!("{SECRET_FILE} is damaged; delete it")))
    };
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        known => return known,
    }
    let temporary = dir.join(format!("tmp-{}-key", std::process::id()));
    let _ = fs::remove_file(&temporary);
    write_whole(&temporary, &[&rand::random::<[u8; 32]>()])?;
    let linked = fs::hard_link(&temporary, &path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(&path),
    }
}

fn remove_abandoned(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let temporary = entry.file_name().to_string_lossy().starts_with("tmp-");
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
        if temporary && age.is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
