//! Networks that clients may come from.

use core::net::IpAddr;

use serde::Deserialize;

/// An address with the count of its bits that matter, as `10.0.0.0/8`; an address alone is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    base: u128,
    bits: u32,
}

impl Network {
    /// Whether an address lies inside. IPv4 addresses that come as IPv6 count as what they are.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(number(address.to_canonical()), self.bits) == self.base
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let malformed = || format!("{text:?} is no network: write an address, or as 10.0.0.0/8");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| malformed())?)),
            None => (text.as_str(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        let width = if address.is_ipv4() { u32::BITS } else { u128::BITS };
        let length = length.unwrap_or(width);
        if length > width {
            return Err(malformed());
        }
        let bits = u128::BITS - width + length;
        let base = number(address);
        if masked(base, bits) != base {
            let first = first_of(address, length);
            return Err(format!("{text} has bits beyond its length: its network is {first}/{length}"));
        }
        Ok(Self { base, bits })
    }
}

/// IPv4 addresses lie where IPv6 maps them (RFC 4291, 2.5.5.2).
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn masked(number: u128, bits: u32) -> u128 {
    let kept = u128::MAX.checked_shl(u128::BITS - bits).unwrap_or(0);
    number & kept
}

fn first_of(address: IpAddr, length: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let kept = u32::MAX.checked_shl(u32::BITS - length).unwrap_or(0);
            IpAddr::V4((address.to_bits() & kept).into())
        }
        IpAddr::V6(address) => IpAddr::V6(masked(address.to_bits(), length).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn networks_hold_what_lies_inside() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:9.1.2.3"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
        ] {
            assert!(network(text).contains(inside.parse().unwrap()), "{text} {inside}");
            assert!(!network(text).contains(outside.parse().unwrap()), "{text} {outside}");
        }
        assert!(network("::/0").contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in
            ["", "10.0.0.0/33", "10.0.0/8", "localhost", "10.0.0.0/-1", "2001:db8::/129", "10.0.0.0/8/8"]
        {
            assert!(Network::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert!(Network::try_from("10.1.0.0/8".to_owned()).unwrap_err().contains("10.0.0.0/8"));
    }
}
