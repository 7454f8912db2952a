//! `fondaco export`: goods or prices into a file.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use serde_json::json;

use crate::cli::{self, Common, RowFormat};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::Output;
use crate::rows::export;

pub(crate) async fn run(common: &Common, wanted: &cli::Export, output: Output) -> Result<(), Failure> {
    let client = Client::new(common, Need::Tenant)?;
    let what = wanted.stock.service();
    let bar = output.bar(format!("exporting from {what}"), None);
    let progress = |rows: u64| bar.set_message(format!("exporting from {what}: {rows} rows"));
    if wanted.file == Path::new("-") {
        let format = wanted.format.unwrap_or(RowFormat::Csv);
        let done = export(&client, wanted.stock, format, std::io::stdout().lock(), progress).await;
        bar.finish_and_clear();
        return done.map(drop);
    }
    let format = RowFormat::of(wanted.format, &wanted.file)?;
    let file = &wanted.file;
    let failed = |error: std::io::Error| Failure::Local(format!("{}: {error}", file.display()));
    // Under its own name only when it is whole.
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = Path::new(&name);
    let to = BufWriter::new(File::create(part).map_err(failed)?);
    let done = export(&client, wanted.stock, format, to, progress).await;
    bar.finish_and_clear();
    let rows = match done {
        Ok(rows) => rows,
        Err(failure) => {
            let _gone = std::fs::remove_file(part);
            return Err(failure);
        }
    };
    std::fs::rename(part, file).map_err(failed)?;
    let answer = json!({ "rows": rows, "file": file });
    output.answer(&answer, |output, _| format!("{} {rows} rows to {}", output.good("wrote"), file.display()))
}
