import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The places of data volumes: their spelling, and which of them layers can share.
@Suite struct DataPlaceTests {
    @Test(arguments: [
        ("/srv", "/srv", "/srv", "srv"),
        ("/var/lib/my-app/", "/var/lib/my-app", "/var/lib/my-app", "var-lib-my--app"),
        ("/srv/./a/../b c", "/srv/b#20c", "/srv/b\\040c", "srv-b_c"),
        ("/srv/ä#=,\\", "/srv/#C3#A4#23#3D#2C#5C", "/srv/ä#=,\\134", "srv-_____"),
    ])
    func spelling(text: String, tag: String, field: String, name: String) throws {
        let place = try #require(DataPlace(text))
        #expect(place.tag == tag)
        #expect(place.field == field)
        #expect(place.volumeName == name)
        #expect(DataPlace(tag: place.tag) == place)
        #expect(place.tag.utf8.allSatisfy { "_+.-/=!:&#".utf8.contains($0) || $0.isLetterOrDigit })
    }

    @Test(arguments: ["", "srv", "/", "/srv\n", "/a/\u{7F}", "/.."])
    func whatIsNoPlace(text: String) { #expect(DataPlace(text) == nil) }

    @Test(arguments: ["/srv#2", "/srv#XY", "srv", ""])
    func damagedTags(tag: String) { #expect(DataPlace(tag: tag) == nil) }

    /// The volumes of oVirt's imgbased have their paths in their names alone.
    @Test func namesOfOVirt() {
        #expect(DataPlace(ovirtName: "var-log-audit")?.text == "/var/log/audit")
        #expect(DataPlace(ovirtName: "srv-my--app")?.text == "/srv/my-app")
        var volume = Volume(
            path: VolumePath(group: "HostVG", name: "var-log"), size: Bytes(1), segmentType: "thin")
        #expect(DataVolume(volume) == nil)
        volume.tags = [Tag.dataVolume]
        #expect(DataVolume(volume)?.place.text == "/var/log")
        volume.tags.insert(Tag.building)
        #expect(DataVolume(volume) == nil)
    }

    @Test(arguments: [
        "/home", "/home/ada", "/srv", "/opt", "/root", "/tmp", "/usr/local", "/usr/local/bin", "/var/log",
        "/var/log/audit", "/var/tmp", "/var/crash", "/var/spool", "/var/www", "/var/lib/postgresql",
        "/var/lib/docker", "/var/lib/systemd/coredump", "/var/cache/apt", "/mnt/data", "/libvirt",
        "/etcetera",
    ])
    func whatLayersCanShare(text: String) throws {
        #expect(throws: Never.self) { try DataPlace(text)?.check() }
    }

    @Test(arguments: [
        ("/usr", "/usr"), ("/usr/lib", "/usr"), ("/usr/localhost", "/usr"), ("/etc", "/etc"),
        ("/etc/app", "/etc"), ("/boot/efi", "/boot"), ("/bin", "/bin"), ("/lib/modules", "/lib"),
        ("/config", "/config"), ("/run/x", "/run"), ("/var/lib/dpkg", "/var/lib/dpkg"),
        ("/var/lib/dpkg/info", "/var/lib/dpkg"), ("/var/lib/rpm", "/var/lib/rpm"),
        ("/var/lib/imgbased", "/var/lib/imgbased"), ("/var/cache/debconf", "/var/cache/debconf"),
    ])
    func whatBelongsToEachLayer(text: String, own: String) throws {
        let place = try #require(DataPlace(text))
        #expect(Self.reason(place) == .data(.layersOwn(place, own: try #require(TreePath(parsing: own)))))
    }

    @Test(arguments: [
        ("/var", "/var/cache/debconf"), ("/var/lib", "/var/lib/alternatives"),
        ("/var/cache", "/var/cache/debconf"),
        ("/var/lib/systemd", "/var/lib/systemd/catalog"),
    ])
    func whatHoldsSuchAPlace(text: String, own: String) throws {
        let place = try #require(DataPlace(text))
        #expect(
            Self.reason(place) == .data(.holdsLayersOwn(place, own: try #require(TreePath(parsing: own)))))
    }

    private static func reason(_ place: DataPlace) -> HostReason? {
        do throws(HostReason) { try place.check() } catch { return error }
        return nil
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        let character = Character(UnicodeScalar(self))
        return character.isASCII && (character.isLetter || character.isNumber)
    }
}
