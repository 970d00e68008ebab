//! The load generator against real servers: what is counted, and each cause by its name.

mod causes;
mod counts;
mod rig;
mod transports;
