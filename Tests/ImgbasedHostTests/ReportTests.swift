import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

/// Reports printed by lvm2 2.03.16 and util-linux 2.38.1 of Debian 12.
@Suite struct ReportTests {
    private static let lvs = """
          {
              "report": [
                  {
                      "lv": [
                          {"vg_name":"HostVG", "lv_name":"Base-0", "lv_uuid":"TlaXl3-A7fv-D7SW-83qR-DK3F-bJeG-j16LXQ", "lv_size":"536870912", "lv_tags":"imgbased:base,imgbased:bytes=1234", "lv_time":"1795384061", "segtype":"thin", "pool_lv":"pool", "origin":"", "lv_active":"", "lv_device_open":"", "data_percent":"1.10", "metadata_percent":"", "lv_metadata_size":"", "chunk_size":"0", "zero":"zero"},
                          {"vg_name":"HostVG", "lv_name":"Base-0.1", "lv_uuid":"EY5bdt-XgVp-fFLT-ea6j-hS3U-UFOf-O2y6H4", "lv_size":"536870912", "lv_tags":"", "lv_time":"1795384063", "segtype":"thin", "pool_lv":"pool", "origin":"Base-0", "lv_active":"active", "lv_device_open":"open", "data_percent":"", "metadata_percent":"", "lv_metadata_size":"", "chunk_size":"0", "zero":"zero"},
                          {"vg_name":"HostVG", "lv_name":"Config", "lv_uuid":"8jEFcq-lMCj-VUhA-bP0y-sQKC-Q4HR-JjdFhc", "lv_size":"67108864", "lv_tags":"", "lv_time":"1795384065", "segtype":"linear", "pool_lv":"", "origin":"", "lv_active":"active", "data_percent":"", "metadata_percent":"", "lv_metadata_size":"", "chunk_size":"0", "zero":"unknown"},
                          {"vg_name":"HostVG", "lv_name":"Config", "lv_uuid":"8jEFcq-lMCj-VUhA-bP0y-sQKC-Q4HR-JjdFhc", "lv_size":"67108864", "lv_tags":"", "lv_time":"1795384065", "segtype":"linear", "pool_lv":"", "origin":"", "lv_active":"active", "data_percent":"", "metadata_percent":"", "lv_metadata_size":"", "chunk_size":"0", "zero":"unknown"},
                          {"vg_name":"HostVG", "lv_name":"pool", "lv_uuid":"NJe6rr-AedB-WBLX-1KUf-AlCG-NwG9-1FvDmO", "lv_size":"1073741824", "lv_tags":"imgbased:pool", "lv_time":"1795384060", "segtype":"thin-pool", "pool_lv":"", "origin":"", "lv_active":"active", "data_percent":"1.82", "metadata_percent":"11.23", "lv_metadata_size":"4194304", "chunk_size":"65536", "zero":"zero"}
                      ]
                  }
              ]
          }
        """

    @Test("A tool that only looks is not quoted: the message names what it looked at, and has its last line")
    func failedLook() async throws {
        let runner = CommandRunner()
        func failure(_ command: Command) async -> String {
            do throws(HostFailure) { return "\(try await runner.run(command))" } catch { return "\(error)" }
        }
        // lsblk(8) ends with status 32 if it finds none of the devices.
        #expect(
            await failure(DiskReport.devicesCommand("/dev/none"))
                == "'/dev/none' cannot be inspected: lsblk: /dev/none: not a block device")
        let silent = Command(
            .systemctl, ["is-system-running", "--quiet"], successes: [], about: "the system")
        #expect(
            await failure(silent).hasPrefix("the system cannot be inspected: systemctl ended with status "))
    }

    @Test func readsHealth() throws {
        let lvs = """
            {"report": [{"lv": [
              {"vg_name":"HostVG", "lv_name":"Base-0.1", "lv_health_status":"", "seg_monitor":"", "vg_missing_pv_count":"1"},
              {"vg_name":"HostVG", "lv_name":"pool", "lv_health_status":"out_of_data", "seg_monitor":"monitored", "vg_missing_pv_count":"1"},
              {"vg_name":"Other", "lv_name":"root", "lv_health_status":"partial", "seg_monitor":"not monitored", "vg_missing_pv_count":"0"}
            ]}]}
            """
        var facts = HostCheck.Facts()
        try LVMReport.addHealth(Array(lvs.utf8), to: &facts)
        let pool = VolumePath(group: "HostVG", name: "pool")
        #expect(
            facts.health == [pool: "out_of_data", VolumePath(group: "Other", name: "root"): "partial"])
        #expect(facts.monitored == [pool])
        #expect(facts.missingDisks == ["HostVG": 1, "Other": 0])
        #expect(LVMReport.growthThreshold(Array("thin_pool_autoextend_threshold=70\n".utf8)) == 70)
        #expect(LVMReport.growthThreshold([]) == nil)
    }

    @Test func readsUnits() throws {
        // systemctl(1) of systemd 252; the second unit does not exist.
        let show =
            "Id=imgbase-good.service\nLoadState=loaded\nActiveState=failed\n\n"
            + "Id=none.service\nLoadState=not-found\nActiveState=inactive\n"
        let units = ["imgbase-good.service", "none.service"]
        #expect(
            try UnitReport.states(Array(show.utf8), of: units) == [
                HostCheck.UnitState(name: units[0], load: "loaded", activity: "failed"),
                HostCheck.UnitState(name: units[1], load: "not-found", activity: "inactive"),
            ])
        #expect(throws: HostFailure.self) { try UnitReport.states(Array(show.utf8), of: [units[0]]) }
    }

    @Test func readsVolumes() throws {
        let volumes = try LVMReport.volumes(Array(ReportTests.lvs.utf8))
        #expect(volumes.map(\.name) == ["Base-0", "Base-0.1", "Config", "pool"])
        #expect(volumes[0].isBase)
        #expect(!volumes[0].isActive)
        #expect(volumes[0].created == 1_795_384_061)
        #expect(volumes[1].origin == "Base-0")
        #expect(volumes[1].pool == "pool")
        #expect(volumes.map(\.isOpen) == [false, true, false, false])
        #expect(volumes[1].path.device == "/dev/HostVG/Base-0.1")
        #expect(volumes[2].pool == nil)
        let usage = try #require(volumes[3].usage)
        #expect(usage.zeroes)
        #expect(usage.chunkSize == Bytes(65536))
        #expect(usage.free(of: volumes[3].size) == Bytes(1_073_741_824 - 19_542_102))
        #expect(volumes[0].usage == nil)
    }

    /// lvm2 2.03.16, after a power cut that tore the text in one of two metadata areas.
    @Test func readsWhatIsBetweenOtherWords() throws {
        let json = """
              {
                  "report": [
              Retrying metadata scan.
              Retrying metadata scan.
                      {
                          "pv": [
                              {"pv_name":"/dev/loop1", "vg_name":"FlushVG"}
                          ]
                      }
                  ]
              }
            """
        #expect(
            try LVMReport.physicalVolumes(Array(json.utf8)) == [
                HostState.PhysicalVolume(path: "/dev/loop1", group: "FlushVG")
            ])
    }

    @Test func readsGroups() throws {
        let json = """
              {"report": [{"vg": [
                  {"vg_name":"HostVG", "vg_uuid":"zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "vg_size":"2143289344", "vg_free":"994050048", "vg_extent_size":"4194304", "vg_tags":"imgbased:vg"}
              ]}]}
            """
        let groups = try LVMReport.groups(Array(json.utf8))
        #expect(groups.map(\.name) == ["HostVG"])
        #expect(groups.first?.tags == [Tag.volumeGroup])
        #expect(groups.first?.free == Bytes(994_050_048))
        let members =
            #"{"report":[{"pv":[{"pv_name":"/dev/loop0", "vg_name":"HostVG"},{"pv_name":"/dev/sdb", "vg_name":""}]}]}"#
        #expect(
            try LVMReport.physicalVolumes(Array(members.utf8)) == [
                HostState.PhysicalVolume(path: "/dev/loop0", group: "HostVG"),
                HostState.PhysicalVolume(path: "/dev/sdb", group: nil),
            ])
    }

    @Test(arguments: ["", "{", "[]", #"{"report":[{"vg":[{"vg_name":"a"}]}]}"#])
    func saysWhatCannotBeRead(json: String) {
        #expect(throws: HostFailure.self) { try LVMReport.groups(Array(json.utf8)) }
    }

    @Test func readsDisks() throws {
        let devices = """
            {"blockdevices": [{"path":"/dev/vda", "size":274877906944, "ro":false, "fstype":null,
              "mountpoints":[null], "children": [
                {"path":"/dev/vda1", "size":1, "ro":false, "fstype":"ext4", "mountpoints":["/boot"]}]}]}
            """
        let signatures = """
            {"signatures": [
              {"device":"vda","offset":"0x200","type":"gpt","uuid":"x","label":null},
              {"device":"vda","offset":"0x1fe","type":"PMBR","uuid":null,"label":null}]}
            """
        let disk = try DiskReport.disk(
            "/dev/disk/by-id/x", devices: Array(devices.utf8), signatures: Array(signatures.utf8))
        #expect(disk.kernelPath == "/dev/vda")
        #expect(disk.signatures == ["PMBR", "gpt"])
        #expect(disk.holders == ["/dev/vda1"])
        #expect(disk.mountPoints.isEmpty)
        let partition =
            #"{"blockdevices":[{"path":"/dev/vda4","size":4096,"ro":true,"fstype":null,"mountpoints":["[SWAP]"]}]}"#
        let empty = try DiskReport.disk("/dev/vda4", devices: Array(partition.utf8), signatures: [])
        #expect(empty.signatures.isEmpty)
        #expect(empty.isReadOnly)
        #expect(empty.mountPoints == ["[SWAP]"])
    }

    @Test func readsDisksForAnInstallation() throws {
        let devices = """
            {"blockdevices": [{"name":"/dev/vdc", "path":"/dev/vdc", "size":8, "ro":false, "fstype":null,
              "mountpoints":[null], "type":"disk", "partuuid":null, "children": [
                {"name":"/dev/vdc1", "path":"/dev/vdc1", "size":1, "ro":false, "fstype":null,
                  "mountpoints":[null], "type":"part", "partuuid":"\(InstallDisk.mark.uppercased())"},
                {"name":"/dev/vdc4", "path":"/dev/vdc4", "size":1, "ro":false, "fstype":"LVM2_member",
                  "mountpoints":[null], "type":"part", "partuuid":"X", "children": [
                    {"name":"/dev/mapper/HostVG-Config", "path":"/dev/mapper/HostVG-Config", "size":1,
                      "ro":false, "fstype":"ext4", "mountpoints":["/mnt"], "type":"lvm", "partuuid":null}]}]}]}
            """
        let disk = try DiskReport.installDisk("/dev/vdc", devices: Array(devices.utf8), signatures: [])
        #expect(disk.kind == "disk")
        #expect(disk.isUnfinished)
        #expect(
            disk.devices == [
                InstallDisk.Device(path: "/dev/vdc1", kind: "part", id: InstallDisk.mark),
                InstallDisk.Device(
                    path: "/dev/vdc4", kind: "part", id: "x", signature: "LVM2_member", hasDevices: true),
                InstallDisk.Device(
                    path: "/dev/mapper/HostVG-Config", kind: "lvm", mountPoints: ["/mnt"], signature: "ext4"),
            ])
        // Without the column NAME, lsblk prints no children.
        let columns = DiskReport.devicesCommand("/dev/vdc").arguments.first { $0.contains("PATH") }
        #expect(columns?.split(separator: ",").contains("NAME") == true)
    }

    @Test func readsMounts() throws {
        let json = """
            {"filesystems": [{"target":"/", "source":"/dev/mapper/HostVG-Base--0.1", "fstype":"ext4", "uuid":"r"},
              {"target":"/boot", "source":"systemd-1", "fstype":"autofs", "uuid":null},
              {"target":"/boot", "source":"/dev/vda3", "fstype":"ext4", "uuid":"b"}]}
            """
        let mounts = try MountReport(Array(json.utf8))
        #expect(mounts.at("/boot")?.uuid == "b")
        #expect(mounts.at("/config") == nil)
    }
}
