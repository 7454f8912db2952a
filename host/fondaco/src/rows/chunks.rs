//! Cuts a file into what a service takes at a time.

use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

use crate::cli::RowFormat;
use crate::failure::Failure;

/// Rows of a chunk. A service takes twice as many, and a tenant may publish twice as many events a second.
const ROWS: u32 = 500;
/// Bytes of a chunk: what fits in a request with room for JSON's quoting.
const BYTES: usize = 256 * 1024;

/// A part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Rows; CSV with the file's header.
    pub(crate) text: String,
    /// The number of its first row; the file's first has 1.
    pub(crate) first_row: u32,
    /// How much of the file has been read with it.
    pub(crate) bytes_read: u64,
}

/// The chunks of a file, in their order.
pub(crate) struct Chunks<R> {
    rows: Rows<R>,
    next_row: u32,
}

enum Rows<R> {
    Csv { reader: csv::Reader<R>, header: ByteRecord, ahead: Option<ByteRecord> },
    Lines { reader: BufReader<R>, bytes_read: u64, ahead: Option<Vec<u8>> },
}

impl<R: Read> Chunks<R> {
    pub(crate) fn new(format: RowFormat, input: R) -> Result<Self, Failure> {
        let rows = match format {
            // Rows with a cell too many are the service's to refuse: one by one, with their numbers.
            RowFormat::Csv => {
                let mut reader = ReaderBuilder::new().flexible(true).from_reader(input);
                let header = reader.byte_headers().map_err(|error| unreadable(&error))?.clone();
                Rows::Csv { reader, header, ahead: None }
            }
            RowFormat::Jsonl => Rows::Lines { reader: BufReader::new(input), bytes_read: 0, ahead: None },
        };
        Ok(Self { rows, next_row: 1 })
    }

    /// None at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Chunk>, Failure> {
        let (bytes, rows, bytes_read) = match &mut self.rows {
            Rows::Csv { reader, header, ahead } => csv_chunk(reader, header, ahead)?,
            Rows::Lines { reader, bytes_read, ahead } => {
                let (bytes, rows) = lines_chunk(reader, bytes_read, ahead)?;
                (bytes, rows, *bytes_read)
            }
        };
        if rows == 0 {
            return Ok(None);
        }
        let first_row = self.next_row;
        self.next_row = first_row.saturating_add(rows);
        let text = String::from_utf8(bytes)
            .map_err(|_| Failure::Local(format!("rows {first_row} to {}: not UTF-8", self.next_row - 1)))?;
        Ok(Some(Chunk { text, first_row, bytes_read }))
    }
}

fn csv_chunk<R: Read>(
    reader: &mut csv::Reader<R>,
    header: &ByteRecord,
    ahead: &mut Option<ByteRecord>,
) -> Result<(Vec<u8>, u32, u64), Failure> {
    let mut writer = WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_byte_record(header).map_err(|error| unreadable(&error))?;
    let (mut rows, mut bytes) = (0, header.as_slice().len());
    while rows < ROWS {
        let mut record = ByteRecord::new();
        let found = match ahead.take() {
            Some(kept) => Some(kept),
            None => reader.read_byte_record(&mut record).map_err(|error| unreadable(&error))?.then_some(record),
        };
        let Some(found) = found else { break };
        // A cell more for each quote or comma at the most.
        let length = 2 * found.as_slice().len() + 3 * found.len();
        if rows > 0 && bytes + length > BYTES {
            *ahead = Some(found);
            break;
        }
        writer.write_byte_record(&found).map_err(|error| unreadable(&error))?;
        bytes += length;
        rows += 1;
    }
    let text = writer.into_inner().map_err(|error| Failure::Local(error.to_string()))?;
    Ok((text, rows, reader.position().byte()))
}

fn lines_chunk<R: Read>(
    reader: &mut BufReader<R>,
    bytes_read: &mut u64,
    ahead: &mut Option<Vec<u8>>,
) -> Result<(Vec<u8>, u32), Failure> {
    let (mut text, mut rows) = (Vec::new(), 0);
    while rows < ROWS {
        let mut line = Vec::new();
        let found = match ahead.take() {
            Some(kept) => Some(kept),
            None => match reader.read_until(b'\n', &mut line).map_err(|error| unreadable(&error))? {
                0 => None,
                length => {
                    *bytes_read += length as u64;
                    Some(line)
                }
            },
        };
        let Some(mut found) = found else { break };
        if found.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if rows > 0 && text.len() + found.len() > BYTES {
            *ahead = Some(found);
            break;
        }
        text.append(&mut found);
        rows += 1;
    }
    Ok((text, rows))
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    Failure::Local(format!("the rows cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn all(format: RowFormat, text: &str) -> Vec<Chunk> {
        let mut chunks = Chunks::new(format, text.as_bytes()).unwrap();
        std::iter::from_fn(|| chunks.next().unwrap()).collect()
    }

    #[test]
    fn each_chunk_of_csv_has_the_header_and_no_row_is_lost() {
        let rows: Vec<_> = (0..1_234).map(|number| format!("sku-{number},\"a, \"\"b\"\"\nand c\"\n")).collect();
        let rows = rows.concat();
        let file = format!("sku,title\n{rows}");
        let chunks = all(RowFormat::Csv, &file);
        let first: Vec<u32> = chunks.iter().map(|chunk| chunk.first_row).collect();
        assert_eq!(first, [1, 501, 1_001]);
        assert_eq!(chunks.last().unwrap().bytes_read, file.len() as u64);
        let bodies: String = chunks.iter().map(|chunk| chunk.text.strip_prefix("sku,title\n").unwrap()).collect();
        assert_eq!(bodies, rows);
    }

    #[test]
    fn rows_of_other_lengths_go_through_as_they_are() {
        let file = "sku,title\na\nb,x,y\n";
        assert_eq!(all(RowFormat::Csv, file)[0].text, file);
    }

    #[test]
    fn lines_are_counted_without_empty_ones() {
        let lines: Vec<_> = (0..501).map(|number| format!("{{\"sku\":\"{number}\"}}\n\n")).collect();
        let file = lines.concat();
        let chunks = all(RowFormat::Jsonl, &file);
        assert_eq!(chunks.iter().map(|chunk| chunk.first_row).collect::<Vec<_>>(), [1, 501]);
        assert_eq!(chunks[1].text, "{\"sku\":\"500\"}\n");
        assert_eq!(chunks[1].bytes_read, file.len() as u64);
    }

    #[test]
    fn a_chunk_is_no_larger_than_a_request_may_be() {
        let long = "x".repeat(100_000);
        for (format, file) in [
            (RowFormat::Csv, format!("sku\n{}", format!("{long}\n").repeat(5))),
            (RowFormat::Jsonl, format!("\"{long}\"\n").repeat(5)),
        ] {
            let chunks = all(format, &file);
            assert!(chunks.len() >= 3 && chunks.iter().all(|chunk| chunk.text.len() <= BYTES), "{format:?}");
            let rows: usize = chunks.iter().map(|chunk| chunk.text.matches(&long).count()).sum();
            assert_eq!(rows, 5);
        }
    }

    #[test]
    fn a_file_without_rows_has_no_chunk() {
        assert!(all(RowFormat::Csv, "").is_empty());
        assert!(all(RowFormat::Csv, "sku,title\n").is_empty());
        assert!(all(RowFormat::Jsonl, "\n \n").is_empty());
    }

    #[test]
    fn what_is_not_text_is_refused_with_its_rows() {
        let mut chunks = Chunks::new(RowFormat::Jsonl, &b"\xff\xfe\n"[..]).unwrap();
        assert_eq!(chunks.next().unwrap_err().to_string(), "rows 1 to 1: not UTF-8");
    }
}
