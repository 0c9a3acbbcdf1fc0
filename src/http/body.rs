//! Request bodies: bytes, encodings, and parsing.

use super::AppState;
use super::error::Error;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;

/// The bytes of a body, up to the limit.
#[derive(Debug)]
pub(super) struct RawBody(pub(super) Bytes);

impl FromRequest<AppState> for RawBody {
    type Rejection = Error;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Error> {
        read(request.into_body(), state.max_body_bytes).await.map(Self)
    }
}

/// Reads a body of no more than `limit` bytes.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    axum::body::to_bytes(body, limit).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        match source.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>) {
            true => Error::BodyTooLarge(limit),
            false => Error::BadRequest("the request body ended early".to_owned()),
        }
    })
}

impl RawBody {
    /// The parsed request; bytes after its JSON object are ignored. `argument` names what an empty body lacks.
    pub(super) fn parse<T: DeserializeOwned>(&self, argument: &'static str) -> Result<T, Error> {
        let text = Encoding::detect(&self.0).decode(&self.0)?;
        let mut values = serde_json::Deserializer::from_slice(&text).into_iter::<Value>();
        match values.next() {
            None | Some(Ok(Value::Null)) => Err(Error::MissingBody(argument)),
            Some(Ok(value)) => avow_api::read(value).map_err(|invalid| Error::BadRequest(invalid.to_string())),
            Some(Err(error)) => Err(Error::BadRequest(format!("the request body is not JSON: {error}"))),
        }
    }
}

/// An encoding of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 {
        big_endian: bool,
    },
    Utf32 {
        big_endian: bool,
    },
    /// UTF-32 in an unusual byte order.
    Unknown,
}

impl Encoding {
    /// The encoding that the first bytes show, and the length of the byte order mark.
    ///
    /// As in the reference and RFC 4627: by the byte order mark, else by where the first character has its
    /// zero bytes. The `charset` of the media type does not matter.
    fn detect(body: &[u8]) -> Detected {
        let (encoding, mark) = match *body {
            [0, 0, 0xFE, 0xFF, ..] => (Self::Utf32 { big_endian: true }, 4),
            [0xFF, 0xFE, 0, 0, ..] => (Self::Utf32 { big_endian: false }, 4),
            [0, 0, 0xFF, 0xFE, ..] | [0xFE, 0xFF, 0, 0, ..] => (Self::Unknown, 0),
            [0xFE, 0xFF, _, _, ..] => (Self::Utf16 { big_endian: true }, 2),
            [0xFF, 0xFE, _, _, ..] => (Self::Utf16 { big_endian: false }, 2),
            [0xEF, 0xBB, 0xBF, ..] => (Self::Utf8, 3),
            [0, 0, 0, _, ..] => (Self::Utf32 { big_endian: true }, 0),
            [_, 0, 0, 0, ..] => (Self::Utf32 { big_endian: false }, 0),
            [0, _, 0, 0, ..] | [0, 0, _, 0, ..] => (Self::Unknown, 0),
            [0, _, ..] => (Self::Utf16 { big_endian: true }, 0),
            [_, 0, ..] => (Self::Utf16 { big_endian: false }, 0),
            _ => (Self::Utf8, 0),
        };
        Detected { encoding, mark }
    }
}

/// The encoding of a body.
struct Detected {
    encoding: Encoding,
    /// The length of the byte order mark.
    mark: usize,
}

impl Detected {
    /// The body as UTF-8.
    fn decode(self, body: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
        let body = &body[self.mark..];
        let text = match self.encoding {
            Encoding::Utf8 => return Ok(body.into()),
            Encoding::Utf16 { big_endian } => {
                let read = if big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
                let units = body.as_chunks().0.iter().map(|unit| read(*unit));
                char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
            }
            Encoding::Utf32 { big_endian } => {
                let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
                let characters = body.as_chunks().0.iter().map(|unit| char::from_u32(read(*unit)));
                characters
                    .collect::<Option<String>>()
                    .ok_or_else(|| Error::BadRequest("the request body is not valid UTF-32; send UTF-8".to_owned()))?
            }
            Encoding::Unknown => {
                return Err(Error::BadRequest("the request body has an unknown order of bytes; send UTF-8".to_owned()));
            }
        };
        Ok(text.into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use avow_api::RegisterSchemaRequest;

    fn schema(body: Vec<u8>) -> Result<Option<String>, Error> {
        let request: RegisterSchemaRequest = RawBody(body.into()).parse("test.arg0")?;
        Ok(request.schema)
    }

    #[test]
    fn every_encoding_of_json_is_read_with_and_without_a_mark() {
        let json = "{\"schema\": \"ü𝄞\"} trailing";
        let marked = format!("\u{FEFF}{json}");
        for text in [json, &marked] {
            let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
            let utf32 = |bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| bytes(c.into())).collect::<Vec<u8>>();
            for body in [
                text.as_bytes().to_vec(),
                utf16(u16::to_be_bytes),
                utf16(u16::to_le_bytes),
                utf32(u32::to_be_bytes),
                utf32(u32::to_le_bytes),
            ] {
                assert_eq!(schema(body.clone()).expect("a request"), Some("ü𝄞".to_owned()), "{body:?}");
            }
        }
    }

    #[test]
    fn a_lone_surrogate_is_replaced_and_half_a_unit_does_not_matter() {
        let mut body: Vec<u8> = "{\"schema\":\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
        body.extend([0x00, 0xD8]);
        body.extend("\"}".encode_utf16().flat_map(u16::to_le_bytes));
        body.push(b' ');
        assert_eq!(schema(body).expect("a request"), Some("\u{FFFD}".to_owned()));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for body in [&b"\0\0\xFF\xFE"[..], b"\0\0\0{\0\x11\0\0", b"{\"schema\": \"\xFC\"}", b"{", b"[]"] {
            let error = schema(body.to_vec()).expect_err("refused");
            assert_eq!(error.code(), 400, "{error}");
        }
        for body in [&b""[..], b"\xEF\xBB\xBF", b" null "] {
            assert_eq!(schema(body.to_vec()).expect_err("missing").code(), 422);
        }
    }
}
