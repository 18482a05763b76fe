import Foundation

/// A fenced block of README.md, named by its first line.
///
/// A test runs the commands of a block as a reader copies them. For any other block, the reason is here.
public enum ReadmeBlock: String, CaseIterable, Sendable {
    /// The host in pictures.
    case pictures = "# imgbase layout"
    case demo = "make demo"
    case prerequisites =
        "apt-get update && apt-get install --yes --no-install-recommends git make ca-certificates curl g++ \\"
    case toolchain = "swift=swift-6.3.1"
    case build = "export PATH=\"/opt/swift/usr/bin:$PATH\""
    case package = "apt-get update"
    case convert = "imgbase layout init --from / /dev/sdb"
    case install = "imgbase install node.img /dev/sdb"
    case installWithSettings = "imgbase install --hostname node1 --ssh-key id_ed25519.pub \\"
    case existingHost = "imgbase layout init /dev/sdb"
    case update = "imgbase update --preview node-2.img"
    case goBack = "imgbase rollback"
    case data = "imgbase volume create /var/lib/app 20G"
    case images = "make image-build"
    case look = "imgbase status"
    case arguments = "rd.imgbased.layer=Base-0.1   this layer; previous: the one before; latest: the newest"
    case byHand = "vgchange --activate y HostVG"

    /// How a block is tried.
    public enum Use: Hashable, Sendable {
        /// The test of this suite with this name runs its commands.
        case run(by: String)
        /// No test runs it, for this reason.
        case notRun(String)
    }

    /// How the block is tried.
    public var use: Use {
        switch self {
        case .pictures, .look: .run(by: "ReadmeTests/host")
        case .byHand: .run(by: "ReadmeTests/byHand")
        case .prerequisites, .build: .run(by: "ReadmeTests/build")
        case .existingHost: .run(by: "ReadmeTests/existingHost")
        case .install, .installWithSettings: .run(by: "ReadmeTests/emptyMachine")
        case .package: .run(by: "PackageTreeTests/newcomer")
        case .update: .run(by: "UpdateTests/update")
        case .goBack: .run(by: "UpdateTests/files")
        case .data: .run(by: "VolumeTests/volume")
        case .toolchain: .notRun("it loads a gigabyte; 'build' has the tests' own toolchain")
        case .demo: .notRun("it builds, and SwiftPM lets nothing build while the tests run")
        case .images: .notRun("it builds, as the demo does; DeliveryTests make and boot the same")
        case .convert: .notRun("ConversionTests does it, with sizes that fit its small disks")
        case .arguments: .notRun("it is typed in the boot menu, as CommandLineTests and RescueTests do")
        }
    }

    /// All fenced blocks of README.md, each as its lines.
    public static func all() throws -> [[String]] {
        let text = try String(contentsOfFile: BuildDirectory.project + "/README.md", encoding: .utf8)
        var blocks: [[String]] = []
        var open: [String]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            guard line.hasPrefix("```") else {
                open?.append(line)
                continue
            }
            if let block = open { blocks.append(block) }
            open = open == nil ? [] : nil
        }
        guard open == nil else { throw MachineError.unexpected("a block of README.md has no end") }
        return blocks
    }

    /// The lines of the block.
    public func lines() throws -> [String] {
        guard let lines = try ReadmeBlock.all().first(where: { $0.first == rawValue }) else {
            throw MachineError.unexpected("README.md has no block that begins with '\(rawValue)'")
        }
        return lines
    }

    /// The commands of the block. A continued line is one command with the next.
    ///
    /// - Parameter own: the reader's own words for words of README.md, such as the names of disks.
    /// - Throws: if a word of README.md does not occur.
    public func commands(_ own: [String: String] = [:]) throws -> [String] {
        let text = try lines().joined(separator: "\n").replacing(#/\\\n */#, with: "")
        var unused = Set(own.keys)
        let commands = text.split(separator: "\n").map { command in
            command.split(separator: " ").map(String.init).map { word in
                unused.remove(word)
                return own[word] ?? word
            }.joined(separator: " ")
        }
        guard unused.isEmpty else {
            throw MachineError.unexpected("'\(rawValue)' does not have \(unused.sorted())")
        }
        return commands
    }
}
