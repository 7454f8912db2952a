//! Which addresses may be connected to. No name is resolved here: what is judged is where a connection would really go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(head: [u16; 2], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(head[0], head[1], 0, 0, 0, 0, 0, 0), length)
}

/// IPv4 that is not the public internet: IANA's registry of special-purpose addresses.
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),       // this network
    v4(10, 0, 0, 0, 8),      // private
    v4(100, 64, 0, 0, 10),   // carriers' address translation
    v4(127, 0, 0, 0, 8),     // loopback
    v4(169, 254, 0, 0, 16),  // link-local
    v4(172, 16, 0, 0, 12),   // private
    v4(192, 0, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 0, 24),    // documentation
    v4(192, 88, 99, 0, 24),  // 6to4 relays, withdrawn
    v4(192, 168, 0, 0, 16),  // private
    v4(198, 18, 0, 0, 15),   // benchmarks
    v4(198, 51, 100, 0, 24), // documentation
    v4(203, 0, 113, 0, 24),  // documentation
    v4(224, 0, 0, 0, 4),     // multicast
    v4(240, 0, 0, 0, 4),     // reserved, broadcast
];

/// The only IPv6 that is routed on the public internet. All else (loopback, unique local, link-local, site-local,
/// multicast, IPv4-compatible) lies outside of it.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0], 3);

/// What lies inside of it and is not the public internet.
const SPECIAL_V6: [Ipv6Net; 4] = [
    v6([0x2001, 0], 23),      // protocol assignments: Teredo, ORCHID, benchmarks
    v6([0x2001, 0x0db8], 32), // documentation
    v6([0x2002, 0], 16),      // 6to4: an IPv4 address in disguise
    v6([0x3fff, 0], 20),      // documentation
];

/// Translated to the IPv4 address in its last 32 bits by a network's NAT64 (RFC 6052).
const NAT64: Ipv6Net = v6([0x0064, 0xff9b], 96);

/// Never connected to, whatever networks are opened: no host, a whole group of them, or only those of one cable.
const NEVER: [IpNet; 7] = [
    IpNet::V4(v4(0, 0, 0, 0, 8)),
    IpNet::V4(v4(169, 254, 0, 0, 16)),
    IpNet::V4(v4(224, 0, 0, 0, 4)),
    IpNet::V4(v4(240, 0, 0, 0, 4)),
    IpNet::V6(v6([0, 0], 128)),
    IpNet::V6(v6([0xfe80, 0], 10)),
    IpNet::V6(v6([0xff00, 0], 8)),
];

/// Where clouds tell a machine its credentials, as far as that is not link-local: likewise.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),                    // Alibaba
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),                      // Azure; a public address
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),                        // Oracle
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254)), // Amazon
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254)), // Google
];

/// Whether a connection may be made to `address`, where the networks of `opened` count as public.
pub(crate) fn allowed(address: IpAddr, opened: &[IpNet]) -> bool {
    // `::ffff:127.0.0.1` is a way to write 127.0.0.1, and the system connects to that.
    let address = address.to_canonical();
    if METADATA.contains(&address) || NEVER.iter().any(|net| net.contains(&address)) {
        return false;
    }
    public(address) || opened.iter().any(|net| net.contains(&address))
}

fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) if NAT64.contains(&address) => translated(address),
        IpAddr::V6(address) => GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|net| net.contains(&address)),
    }
}

/// Whether the IPv4 address that stands in a NAT64 address is public and no service of a cloud.
fn translated(address: Ipv6Addr) -> bool {
    let [.., a, b, c, d] = address.octets();
    allowed(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_public_internet_is_allowed() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00::1",
        ] {
            assert!(allowed(address(text), &[]), "{text}");
        }
    }

    #[test]
    fn all_else_is_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.0",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.1.2.3",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::a83f:8110",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:0101:0101::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!allowed(address(text), &[]), "{text}");
        }
    }

    #[test]
    fn what_is_opened_is_allowed_but_not_what_never_is() {
        let opened = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        for text in ["10.0.0.1", "127.0.0.1", "::1", "fd12:3456::1", "::ffff:192.168.0.1", "100.64.0.1"] {
            assert!(allowed(address(text), &opened), "{text}");
        }
        for text in [
            "0.0.0.0",
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "fd20:ce::254",
            "168.63.129.16",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!allowed(address(text), &opened), "{text}");
        }
        let one = ["10.1.0.0/16".parse().unwrap()];
        assert!(allowed(address("10.1.2.3"), &one) && allowed(address("::ffff:10.1.2.3"), &one));
        assert!(!allowed(address("10.2.0.1"), &one));
    }
}
