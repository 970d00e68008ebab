//! Habits: what other programs say by an option, and how it is said here.

/// How the user of another program says to `verb` what was meant by an option that is not there.
pub(super) fn ours(verb: &str, option: &str) -> Option<&'static str> {
    if verb == "get"
        && let Some(cure) = of_curl(option)
    {
        return Some(cure);
    }
    match option {
        "--directory" | "--dir" | "-d" if verb == "serve" => {
            Some("write the directory behind http, as in `sock serve http DIR`")
        }
        "--port" | "-p" => Some("write the port as the endpoint, as in `sock serve echo 8000`"),
        "--host" | "--address" | "--listen" | "-l" => {
            Some("write the address as the endpoint, as in `sock serve echo 0.0.0.0:8000`")
        }
        "--tls" | "--ssl" => Some("write tls: before the endpoint, as in `tls:127.0.0.1:8443`"),
        "--udp" | "-u" => Some("write udp: before the endpoint, as in `udp:127.0.0.1:8000`"),
        _ => None,
    }
}

fn of_curl(option: &str) -> Option<&'static str> {
    Some(match option {
        "-u" => "write --user NAME:PASSWORD",
        "-k" => "write --insecure, or better --ca FILE",
        "--cacert" | "--ca-certificate" => "write --ca FILE",
        "-L" | "--location" => "redirects are followed; --no-redirect follows none",
        "-s" | "-S" | "--silent" | "--show-error" | "--no-progress-meter" => {
            "write -q, which tells errors only"
        }
        "-f" | "--fail" => "a status of 400 and above is a failure here (exit status 1)",
        "-x" => "write --proxy URL",
        "-m" | "--max-time" | "--timeout" => {
            "write --connect-timeout TIME for the connection, --stall-timeout TIME for what comes"
        }
        "-T" | "--upload-file" => "write -X PUT -d @FILE",
        "-b" => "write --cookie NAME=VALUE",
        "-c" | "--cookie-jar" => {
            "cookies are kept for the other URLs of the same command, as in `sock get LOGIN PAGE`"
        }
        "-A" | "--user-agent" => "write -H 'User-Agent: NAME'",
        "-e" | "--referer" => "write -H 'Referer: URL'",
        "-r" | "--range" => "write -H 'Range: bytes=0-99'",
        "-G" | "--get" => "write the fields behind the URL: 'http://HOST/?NAME=VALUE'",
        "--request" => "write -X METHOD",
        "--data-urlencode" => "write --form NAME=VALUE, which encodes it",
        "--data-raw" | "--data-binary" | "--data-ascii" => "write -d TEXT, which sends it as it is",
        "--token" | "--oauth2-bearer" => "write --bearer TOKEN",
        "-w" | "--write-out" => "write --timing, which tells how long each step took",
        "--trace" | "--trace-ascii" => "write --show-wire",
        _ => return None,
    })
}
