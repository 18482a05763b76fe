import Foundation
import TestMachine
import Testing

/// The commands of README.md, as far as no command has to run for it.
@Suite struct ReadmeBlockTests {
    private static let project = BuildDirectory.project

    @Test("A test runs each block of README, or a reason says why none does")
    func everyBlockIsKnown() throws {
        let blocks = try ReadmeBlock.all()
        let first = blocks.map { $0.first ?? "" }
        #expect(Set(first) == Set(ReadmeBlock.allCases.map(\.rawValue)))
        #expect(first.count == Set(first).count)
        let sources = try FileManager.default.contentsOfDirectory(atPath: Self.project + "/Tests/BootTests")
        for block in ReadmeBlock.allCases {
            guard case .run(let name) = block.use else { continue }
            let words = name.split(separator: "/").map(String.init)
            #expect(words.count == 2 && sources.contains(words[0] + ".swift"), "\(name)")
            let source = try String(
                contentsOfFile: Self.project + "/Tests/BootTests/\(words[0]).swift", encoding: .utf8)
            #expect(source.contains("func \(words[1])("), "\(name)")
            #expect(source.contains("ReadmeBlock.\(block)"), "\(name) does not run \(block)")
        }
    }

    @Test func aContinuedLineIsOneCommand() throws {
        let commands = try ReadmeBlock.installWithSettings.commands(["/dev/sdb": "/dev/vdc"])
        #expect(commands.count == 1)
        #expect(commands[0].hasSuffix(" --overlay files node.img /dev/vdc /dev/sdc"))
        #expect(throws: MachineError.self) { try ReadmeBlock.update.commands(["/dev/sdb": "/dev/vdc"]) }
    }

    @Test(arguments: ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
    func linesFitTheScreen(file: String) throws {
        let text = try String(contentsOfFile: Self.project + "/" + file, encoding: .utf8)
        for line in text.split(separator: "\n") where line.count > 110 {
            // A table has no second line.
            #expect(line.hasPrefix("|"), "\(file): \(line)")
        }
    }

    @Test(arguments: ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
    func linksLeadSomewhere(file: String) throws {
        let text = try String(contentsOfFile: Self.project + "/" + file, encoding: .utf8)
        for link in text.matches(of: #/\]\((?<path>[^)]+)\)/#).map({ String($0.path) })
        where !link.hasPrefix("https://") {
            #expect(FileManager.default.fileExists(atPath: Self.project + "/" + link), "\(file): \(link)")
        }
    }
}
