//! A registry of one schema per subject, as much of one as a client asks for before its cache is warm.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// Serves the schemas by id and as the latest of the subjects `s1-value`, `s2-value`...; returns the address.
pub(crate) fn serve(schemas: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(stream);
            if reader.read_line(&mut line).is_err() {
                continue;
            }
            let mut header = String::new();
            while reader.read_line(&mut header).is_ok_and(|read| read > 2) {
                header.clear();
            }
            let id = (1..=schemas.len()).find(|id| {
                line.contains(&format!("/schemas/ids/{id}?")) || line.contains(&format!("/subjects/s{id}-value/"))
            });
            let body = id.map_or("{}".to_owned(), |id| {
                let schema = &schemas[id - 1];
                serde_json::json!({"subject": format!("s{id}-value"), "version": 1, "id": id, "schema": schema})
                    .to_string()
            });
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = reader.into_inner().write_all(answer.as_bytes());
        }
    });
    address
}
