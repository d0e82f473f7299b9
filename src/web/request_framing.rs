//! Where requests begin and end in the bytes of a connection, so that each can be given a time to arrive. What the head means is
//! decided by actix; here only its framing is read, by the same rules, and line ends that proxies understand in two ways are taken
//! out.

use memchr::memchr;

/// The part of a request that the last byte belonged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestPart {
    /// No request has begun since the last one.
    None,
    Head,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// A line of the head; the first of a request or a later one.
    RequestLine,
    HeaderLine,
    /// This many bytes of a body.
    Body(u64),
    ChunkSize,
    /// This many bytes of a chunk, with the line end behind them.
    Chunk(u64),
    TrailerLine,
    /// A body without an end.
    EndlessBody,
}

/// Follows the requests of one connection.
pub(crate) struct RequestFraming {
    expected: Expected,
    /// The line so far, up to a length at which actix refuses the head.
    line: Vec<u8>,
    head: HeadFraming,
    /// Whether nothing has arrived since the last request.
    is_between: bool,
    /// How many heads and bodies have begun.
    begun: u64,
}

/// What a head says about the body.
#[derive(Default)]
struct HeadFraming {
    is_tunnel: bool,
    is_upgrade: bool,
    is_chunked: bool,
    length: u64,
}

/// actix refuses heads that are longer.
const LONGEST_LINE: usize = 128 * 1024;

impl Default for RequestFraming {
    fn default() -> Self {
        Self { expected: Expected::RequestLine, line: Vec::new(), head: HeadFraming::default(), is_between: true, begun: 0 }
    }
}

impl RequestFraming {
    pub(crate) fn part(&self) -> RequestPart {
        match self.expected {
            Expected::RequestLine if self.is_between => RequestPart::None,
            Expected::RequestLine | Expected::HeaderLine => RequestPart::Head,
            Expected::Body(_) | Expected::ChunkSize | Expected::Chunk(_) | Expected::TrailerLine | Expected::EndlessBody => {
                RequestPart::Body
            }
        }
    }

    /// A number that changes with each head and body.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// Reads further bytes. A line end without a carriage return is made a zero byte, which is allowed nowhere in a head, so that
    /// actix refuses the request. In the lines of a chunked body nothing would refuse it: then the number of bytes before it is
    /// returned, and the connection must not be read further.
    pub(crate) fn read(&mut self, mut bytes: &mut [u8]) -> Result<(), usize> {
        let all = bytes.len();
        while !bytes.is_empty() {
            match self.expected {
                Expected::EndlessBody => return Ok(()),
                Expected::Body(left) | Expected::Chunk(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left.saturating_sub(taken as u64);
                    let is_chunk = matches!(self.expected, Expected::Chunk(_));
                    self.expected = match (is_chunk, left) {
                        (true, 0) => Expected::ChunkSize,
                        (true, left) => Expected::Chunk(left),
                        (false, 0) => self.next_request(),
                        (false, left) => Expected::Body(left),
                    };
                    bytes = std::mem::take(&mut bytes).get_mut(taken..).unwrap_or_default();
                    continue;
                }
                Expected::RequestLine | Expected::HeaderLine | Expected::ChunkSize | Expected::TrailerLine => {}
            }
            if self.part() == RequestPart::None {
                self.is_between = false;
                self.begun = self.begun.wrapping_add(1);
            }
            let end = memchr(b'\n', bytes).unwrap_or(bytes.len());
            let (piece, rest) = std::mem::take(&mut bytes).split_at_mut(end);
            self.line.extend_from_slice(piece);
            if self.line.len() > LONGEST_LINE {
                self.expected = Expected::EndlessBody;
                return Ok(());
            }
            let Some((line_end, rest)) = rest.split_first_mut() else { return Ok(()) };
            if self.line.pop_if(|last| *last == b'\r').is_some() {
                self.end_line();
            } else if self.part() == RequestPart::Head {
                *line_end = 0;
                self.line.push(0);
            } else {
                return Err(all.saturating_sub(rest.len()).saturating_sub(1));
            }
            bytes = rest;
        }
        Ok(())
    }

    fn next_request(&mut self) -> Expected {
        self.is_between = true;
        Expected::RequestLine
    }

    /// Takes a whole line.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.expected = match self.expected {
            // actix skips empty lines before a request.
            Expected::RequestLine if line.is_empty() => Expected::RequestLine,
            Expected::RequestLine => {
                self.head = HeadFraming { is_tunnel: line.starts_with(b"CONNECT "), ..HeadFraming::default() };
                Expected::HeaderLine
            }
            Expected::HeaderLine if line.is_empty() => {
                let body = self.head.body();
                self.begun = self.begun.wrapping_add(body.is_some().into());
                body.unwrap_or_else(|| self.next_request())
            }
            Expected::HeaderLine => {
                self.head.read_header(&line);
                Expected::HeaderLine
            }
            Expected::ChunkSize => match chunk_size(&line) {
                Some(0) => Expected::TrailerLine,
                Some(size) => Expected::Chunk(size.saturating_add(2)),
                // actix refuses it, and reads nothing more.
                None => Expected::EndlessBody,
            },
            Expected::TrailerLine if line.is_empty() => self.next_request(),
            Expected::TrailerLine => Expected::TrailerLine,
            Expected::Body(_) | Expected::Chunk(_) | Expected::EndlessBody => self.expected,
        };
        // The next line is likely to need as much room; what a connection keeps while it is idle stays small.
        if line.capacity() <= 1024 {
            self.line = line;
            self.line.clear();
        }
    }
}

impl HeadFraming {
    fn read_header(&mut self, line: &[u8]) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next().map(<[u8]>::trim_ascii)) else { return };
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"content-length") {
            self.length = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default();
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.is_upgrade |= value.eq_ignore_ascii_case(b"websocket");
        }
    }

    /// What follows the head, in the order in which actix decides it.
    fn body(&self) -> Option<Expected> {
        if self.is_chunked {
            Some(Expected::ChunkSize)
        } else if self.is_upgrade {
            Some(Expected::EndlessBody)
        } else if self.length > 0 {
            Some(Expected::Body(self.length))
        } else {
            self.is_tunnel.then_some(Expected::EndlessBody)
        }
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    u64::from_str_radix(std::str::from_utf8(line.get(..digits)?).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the text in pieces of this length. The result is the text as actix sees it, and the part in which it ends.
    fn read(text: &str, piece: usize) -> (String, Result<RequestPart, ()>, u64) {
        let (mut framing, mut seen) = (RequestFraming::default(), Vec::new());
        for bytes in text.as_bytes().chunks(piece) {
            let mut bytes = bytes.to_vec();
            let result = framing.read(&mut bytes);
            bytes.truncate(result.err().unwrap_or(bytes.len()));
            seen.extend(bytes);
            if result.is_err() {
                return (String::from_utf8(seen).unwrap(), Err(()), framing.begun());
            }
        }
        (String::from_utf8(seen).unwrap(), Ok(framing.part()), framing.begun())
    }

    #[test]
    fn requests_are_followed_however_their_bytes_arrive() {
        let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        let post = "POST /a HTTP/1.1\r\ncontent-LENGTH:  7 \r\n\r\na\nb\n\r\nc";
        let chunked = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nUpgrade: websocket\r\n\r\n5;x=y\r\na\n\n\nb\r\nA \r\n0123456789\r\n0\r\nx: y\r\n\r\n";
        for (text, part, begun) in [
            ("", RequestPart::None, 0),
            ("\r\n", RequestPart::Head, 1),
            ("G", RequestPart::Head, 1),
            ("GET / HTTP/1.1\r\nHost: x\r\n", RequestPart::Head, 1),
            (get, RequestPart::None, 1),
            (post, RequestPart::None, 2),
            (&post[..post.len() - 1], RequestPart::Body, 2),
            (chunked, RequestPart::None, 2),
            (&chunked[..chunked.len() - 1], RequestPart::Body, 2),
            (&format!("{get}{post}\r\n{chunked}{get}"), RequestPart::None, 6),
            (&format!("{chunked}{post}GE"), RequestPart::Head, 5),
            ("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", RequestPart::Body, 2),
            ("GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nContent-Length: 1\r\n\r\nxy", RequestPart::Body, 2),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nno\r\nGET / HTTP/1.1\r\n\r\n", RequestPart::Body, 2),
        ] {
            for piece in [1, 2, 3, 7, 1000] {
                assert_eq!(read(text, piece), (text.to_owned(), Ok(part), begun), "{text:?} in pieces of {piece}");
            }
        }
    }

    /// Attack H-01
    #[test]
    fn a_bare_line_end_reaches_nobody() {
        for (text, seen) in [
            ("GET / HTTP/1.1\nHost: x\r\n\r\n", "GET / HTTP/1.1\0Host: x\r\n\r\n"),
            ("\nGET / HTTP/1.1\r\n", "\0GET / HTTP/1.1\r\n"),
            ("GET / HTTP/1.1\r\nX: a\nContent-Length: 5\r\n\r\n", "GET / HTTP/1.1\r\nX: a\0Content-Length: 5\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: x\n\n", "GET / HTTP/1.1\r\nHost: x\0\0"),
            ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\nx", "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1"),
            (
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: y\n\r\nG",
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: y",
            ),
        ] {
            for piece in [1, 2, 5, 1000] {
                assert_eq!(read(text, piece).0, seen, "{text:?} in pieces of {piece}");
            }
        }
    }
}
