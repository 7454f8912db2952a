//! Limits of SQLite's own, below the guard: what has no pragma is set by its C interface.

use std::ffi::c_int;

use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;

/// Run-time limits of a connection: <https://www.sqlite.org/c3ref/c_limit_attached.html>.
const LIMITS: [(c_int, c_int); 7] = [
    // Bytes of a value or a row: `||` and string_agg() make big ones of small ones.
    (ffi::SQLITE_LIMIT_LENGTH, 16 << 20),
    (ffi::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
    (ffi::SQLITE_LIMIT_ATTACHED, 0),
    (ffi::SQLITE_LIMIT_TRIGGER_DEPTH, 16),
    (ffi::SQLITE_LIMIT_WORKER_THREADS, 0),
    (ffi::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_024),
];

/// Sets them, and forbids what could damage the file or reach beyond it.
pub(super) fn set(handle: &mut LockedSqliteHandle<'_>) {
    let database = handle.as_raw_handle().as_ptr();
    for (limit, value) in LIMITS {
        #[expect(unsafe_code, reason = "sqlx has no safe call for it")]
        // SAFETY: the handle is open and locked: nobody else uses the connection meanwhile.
        unsafe {
            ffi::sqlite3_limit(database, limit, value);
        }
    }
    for (option, value) in [(ffi::SQLITE_DBCONFIG_DEFENSIVE, 1), (ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0)] {
        let none: *mut c_int = std::ptr::null_mut();
        #[expect(unsafe_code, reason = "sqlx has no safe call for it")]
        // SAFETY: as above; these options take an int and a pointer that may be null.
        unsafe {
            ffi::sqlite3_db_config(database, option, value as c_int, none);
        }
    }
}
