# The commands of the house. CI runs the same scripts: .ci/run is `just test` with every peer, then `just check`.

# List the commands.
default:
    @just --list --unsorted

# Formatting, lints, documentation, arrows, licences: everything but the tests.
check:
    .ci/check

# Every test, as the README says.
test *arguments:
    cargo test --workspace {{arguments}}

# Rewrite the transcripts, then read what changed.
stories:
    INSTA_UPDATE=always cargo test --workspace
    git diff --stat -- '*.snap'
    git diff -- '*.snap'

# Measure; a claim of speed shows before and after from one machine and one hour.
bench *arguments:
    python3 benches/run.py {{arguments}}

# Measure the tracer beside strace, and beside nobody who looks.
bench-trace *arguments:
    python3 benches/trace.py {{arguments}}

# Run the random tests whose names hold TARGET for longer.
fuzz target seconds='300':
    SOCK_FUZZ_SECONDS={{seconds}} cargo test --workspace --release -- {{target}} --nocapture

# The forbidden arrows: sock-proto without std, and the rules that read the sources.
arrows:
    .ci/check no-std tidy

# Licences, sources and duplicates of what we depend on.
deny:
    .ci/check deny

# The judges of the tracer on the other machine that it knows, emulated: a quarter of an hour, on Debian.
aarch64 *arguments:
    .ci/aarch64/test {{arguments}}

# Every program of the lectures, for real, in two seconds.
demo:
    cargo run --release -- demo

# Trace the programs of docs/pictures and draw them anew; then look at what changed.
pictures:
    cargo build --release
    python3 docs/pictures/make.py
    git diff --stat -- docs/pictures
