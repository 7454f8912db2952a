//! Artifacts: files named by the sha256 of their bytes.
//!
//! A file is written aside, synced, renamed into place, and its folder synced. So under its final
//! name there is a whole artifact or none, whatever moment the power goes. What nobody refers to is
//! collected after a grace period.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use fondaco_engine::Digest;

use crate::error::Error;

/// The folder of artifacts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: Arc<Path>,
}

impl Blobs {
    /// Opens the folder, creating it where it is missing.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let blobs = Self { folder: folder.into() };
        for needed in [blobs.hashed(), blobs.aside()] {
            fs::create_dir_all(&needed).map_err(Error::io(needed))?;
        }
        sync_folder(folder)?;
        Ok(blobs)
    }

    fn hashed(&self) -> PathBuf {
        self.folder.join("sha256")
    }

    fn aside(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let shard = name.get(..2).unwrap_or_default();
        self.hashed().join(shard).join(&name)
    }

    /// The bytes of an artifact, checked against its digest.
    ///
    /// Blocks; made for callers that read inside of a blocking closure, such as the engine's loader.
    pub fn read(&self, digest: &Digest) -> io::Result<Bytes> {
        let bytes = fs::read(self.path(digest))?;
        if Digest::of(&bytes) == *digest {
            return Ok(bytes.into());
        }
        Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("the artifact {digest} is damaged: its bytes have another sha256"),
        ))
    }

    /// The same on a thread that may block.
    pub async fn get(&self, digest: Digest) -> Result<Bytes, Error> {
        let blobs = self.clone();
        let path = self.path(&digest);
        let read = off_thread(move || blobs.read(&digest)).await;
        read.map_err(|error| match error.kind() {
            ErrorKind::InvalidData | ErrorKind::NotFound => Error::Damaged { digest },
            _ => Error::io(path)(error),
        })
    }

    /// Stores the bytes durably. Storing them again makes the artifact young again for the garbage
    /// collector, and repairs it when it was damaged.
    pub async fn put(&self, bytes: Bytes) -> Result<Digest, Error> {
        let blobs = self.clone();
        off_thread(move || blobs.write(&bytes)).await
    }

    fn write(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(bytes);
        let path = self.path(&digest);
        if self.read(&digest).is_ok() && refresh(&path).is_ok() {
            return Ok(digest);
        }
        let aside = self.aside().join(format!("{digest}.{}", uuid::Uuid::now_v7()));
        let written = write_synced(&aside, bytes).and_then(|()| place(&aside, &path));
        if written.is_err() {
            // What is left is cleaned at the next start; this only tries to be early.
            let _unused = fs::remove_file(&aside);
        }
        written.map(|()| digest)
    }

    pub(crate) fn exists(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Removes files that an interrupted upload left aside. Only the one host of the folder may do
    /// this, before its first upload.
    pub(crate) async fn clean_aside(&self) -> Result<usize, Error> {
        let blobs = self.clone();
        off_thread(move || blobs.clean()).await
    }

    fn clean(&self) -> Result<usize, Error> {
        let aside = self.aside();
        let mut cleaned = 0;
        for entry in fs::read_dir(&aside).map_err(Error::io(&aside))? {
            let path = entry.map_err(Error::io(&aside))?.path();
            fs::remove_file(&path).map_err(Error::io(path))?;
            cleaned += 1;
        }
        Ok(cleaned)
    }

    /// Artifacts that were stored longer than `grace` ago.
    pub(crate) async fn older_than(&self, grace: Duration) -> Result<Vec<Digest>, Error> {
        let blobs = self.clone();
        off_thread(move || blobs.scan_older(grace)).await
    }

    fn scan_older(&self, grace: Duration) -> Result<Vec<Digest>, Error> {
        let mut old = Vec::new();
        let hashed = self.hashed();
        for shard in fs::read_dir(&hashed).map_err(Error::io(&hashed))? {
            let shard = shard.map_err(Error::io(&hashed))?.path();
            for entry in fs::read_dir(&shard).map_err(Error::io(&shard))? {
                let path = entry.map_err(Error::io(&shard))?.path();
                if let Some(digest) = digest_in(&path).filter(|_digest| is_older(&path, grace)) {
                    old.push(digest);
                }
            }
        }
        Ok(old)
    }

    /// Removes one artifact if it is still older than `grace`. Call it inside of a write
    /// transaction that found no version referring to it: then no version can begin to.
    pub(crate) async fn remove_older(&self, digest: Digest, grace: Duration) -> Result<bool, Error> {
        let path = self.path(&digest);
        off_thread(move || {
            if !is_older(&path, grace) {
                return Ok(false);
            }
            fs::remove_file(&path).map_err(Error::io(path))?;
            Ok(true)
        })
        .await
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // Never cancelled by us; a panic goes on where it would have gone without the thread.
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(Error::io(path))
}

fn place(aside: &Path, path: &Path) -> Result<(), Error> {
    let Some(shard) = path.parent() else {
        return Err(Error::io(path)(ErrorKind::InvalidInput.into()));
    };
    if !shard.is_dir() {
        fs::create_dir_all(shard).map_err(Error::io(shard))?;
        if let Some(above) = shard.parent() {
            sync_folder(above)?;
        }
    }
    fs::rename(aside, path).map_err(Error::io(path))?;
    sync_folder(shard)
}

/// A rename is only durable when the folder that names the file is.
fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(Error::io(folder))
}

fn refresh(path: &Path) -> io::Result<()> {
    let times = FileTimes::new().set_modified(SystemTime::now());
    File::options().write(true).open(path)?.set_times(times)
}

fn is_older(path: &Path, grace: Duration) -> bool {
    fs::metadata(path)
        .and_then(|found| found.modified())
        // A time in the future (a clock was set back) counts as young.
        .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age >= grace))
}

fn digest_in(path: &Path) -> Option<Digest> {
    path.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(&folder.path().join("blobs")).expect("opens");
        (folder, blobs)
    }

    #[tokio::test]
    async fn what_was_put_is_got() {
        let (_folder, blobs) = opened();
        let digest = blobs.put(Bytes::from_static(b"abc")).await.expect("stored");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(blobs.get(digest).await.expect("read"), "abc");
        assert!(blobs.path(&digest).ends_with(format!("sha256/ba/{digest}")));
        assert_eq!(blobs.clean_aside().await.expect("cleans"), 0, "nothing is left aside");
    }

    #[tokio::test]
    async fn damage_is_noticed_and_repaired_by_the_same_bytes() {
        let (_folder, blobs) = opened();
        let digest = blobs.put(Bytes::from_static(b"abc")).await.expect("stored");
        fs::write(blobs.path(&digest), b"abd").expect("damaged");
        assert!(matches!(blobs.get(digest).await, Err(Error::Damaged { .. })));
        blobs.put(Bytes::from_static(b"abc")).await.expect("stored again");
        assert_eq!(blobs.get(digest).await.expect("read"), "abc");
    }

    #[tokio::test]
    async fn a_missing_artifact_is_damage() {
        let (_folder, blobs) = opened();
        let missing = Digest::of(b"never stored");
        assert!(matches!(blobs.get(missing).await, Err(Error::Damaged { .. })));
    }

    #[tokio::test]
    async fn what_was_left_aside_is_cleaned() {
        let (_folder, blobs) = opened();
        fs::write(blobs.aside().join("half"), b"ab").expect("written");
        assert_eq!(blobs.clean_aside().await.expect("cleans"), 1);
        assert_eq!(blobs.clean_aside().await.expect("cleans"), 0);
    }

    #[tokio::test]
    async fn only_old_artifacts_are_offered_to_the_collector() {
        let (_folder, blobs) = opened();
        let digest = blobs.put(Bytes::from_static(b"abc")).await.expect("stored");
        let hour = Duration::from_hours(1);
        assert!(blobs.older_than(hour).await.expect("lists").is_empty());
        let times = FileTimes::new().set_modified(SystemTime::now() - 2 * hour);
        let path = blobs.path(&digest);
        File::options().write(true).open(&path).and_then(|file| file.set_times(times)).expect("made old");
        assert_eq!(blobs.older_than(hour).await.expect("lists"), [digest]);
        blobs.put(Bytes::from_static(b"abc")).await.expect("stored again");
        assert!(!blobs.remove_older(digest, hour).await.expect("asks"), "it is young again");
    }
}
