import Glibc
import ImgbasedCore
import Testing

@testable import ImgbasedHost
@testable import ImgbasedHostCore
@testable import ImgbasedHostLinux

/// A fresh data volume gets the files of a new layer; both are loop devices.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct DataFillerTests {
    @Test func aSecondRunReplacesWhatTheFirstLeft() throws {
        let scratch = try Scratch()
        try scratch.shell(
            """
            mkdir -p tree/var/log/apt seen && chmod 2775 tree/var/log && chown 0:4 tree/var/log
            echo x >tree/var/log/apt/history.log; chmod 600 tree/var/log/apt/history.log
            truncate -s 32M layer volume
            mkfs.ext4 -q -F -d tree layer; mkfs.ext4 -q -F volume
            """)
        let layer = try LayerFileSystemTests.Device(scratch("layer"))
        let volume = try LayerFileSystemTests.Device(scratch("volume"))
        func fill(_ place: String) throws {
            let fill = DataFill(
                volume: volume.path, place: try #require(DataPlace(place)), layer: layer.path, type: .ext4)
            try DataFiller(fill, ImageReporter()).run()
        }
        try fill("/var/log")
        // As an interrupted run with another layer could have left it.
        do {
            let tree = try HostMount.mount(volume.path.device, type: "ext4", .readWrite)
            try tree.replaceFile("/of-another-layer", contents: [1])
            try tree.replaceFile("/apt/history.log", contents: [2])
            try tree.flush()
        }
        try fill("/var/log")
        // A child that another test forks can hold the mount a moment longer: another mode would be refused.
        let tree = try HostMount.mount(volume.path.device, type: "ext4", .readWrite)
        #expect(try tree.names(in: "/").sorted() == ["apt"])
        #expect(try tree.read("/apt/history.log", limit: 10) == Array("x\n".utf8))
        #expect(try tree.open("/apt/history.log", O_RDONLY).status().permissions == 0o600)
        let root = try tree.open("/", O_RDONLY | O_DIRECTORY).status()
        #expect(root.permissions & 0o7777 == 0o2775 && root.group == 4)
        // The planner makes a missing directory first.
        #expect(throws: HostFailure.self) { try fill("/none") }
    }
}
