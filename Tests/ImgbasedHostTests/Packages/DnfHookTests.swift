import Foundation
import ImgbasedHostCore
import Testing

/// The files of `dnf/`, with stand-ins for imgbase and for dnf's plugins, which run each line as a command.
@Suite struct DnfHookTests {
    private let scratch: Scratch
    private let files: String

    init() throws {
        scratch = try Scratch()
        files =
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../dnf").standardized
            .path
        try scratch.shell("mkdir sbin run")
        try scratch.addScript("sbin/imgbase", "echo \"$*\" >>'\(scratch("calls"))'; exit 1")
    }

    /// Runs the `commands` in order, as one process would, for two packages, and returns what was noted.
    private func run(_ commands: [String]) throws -> DnfTransaction? {
        try scratch.write("commands", (commands.joined(separator: "\n") + "\n").utf8)
        // The note is told apart by the process.
        let process = try scratch.shell(
            """
            rm -f calls run/dnf-*
            bash -euc 'while read -r line; do sh -c "$line"; done <commands; echo $$'
            """)
        guard let note = scratch.read("run/dnf-\(process)") else { return nil }
        #expect(try scratch.shell("cat calls") == "packages keep \(process)")
        return DnfTransaction(note)
    }

    private func text(_ name: String) throws -> [String] {
        try String(contentsOfFile: files + "/" + name, encoding: .utf8)
            .replacingOccurrences(of: "@sbindir@", with: scratch("sbin"))
            .replacingOccurrences(of: "/run/imgbased/", with: scratch("run") + "/")
            .split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    private static let packages: [[String: String]] = [
        ["name": "tool", "epoch": "1", "version": "2.0", "release": "1.fc", "arch": "x86_64", "word": "I"],
        ["name": "lib_x", "epoch": "0", "version": "1", "release": "1", "arch": "noarch", "word": "U"],
    ]

    /// As dnf-plugins-core's post-transaction-actions: `FILTER:STATE:COMMAND`, each command once, in order.
    private func dnf4() throws -> [String] {
        var commands: [String] = []
        for line in try text("imgbased.action.in") {
            let parts = line.split(separator: ":", maxSplits: 2).map(String.init)
            #expect(parts[0] == "*" && parts[1] == "in")
            for package in Self.packages {
                var command = parts[2]
                let names = [
                    "name": "name", "epoch": "epoch", "ver": "version", "rel": "release", "arch": "arch",
                ]
                for (variable, key) in names {
                    command = command.replacingOccurrences(
                        of: "$\(variable) ", with: "\(package[key] ?? "") ")
                }
                let word = package["word"] == "I" ? "install" : "upgrade"
                command = command.replacingOccurrences(of: "$state", with: word)
                if !commands.contains(command) { commands.append(command) }
            }
        }
        return commands
    }

    /// As libdnf5's plugin actions: `CALLBACK:FILTER:DIRECTION:OPTIONS:COMMAND`, words with escaped spaces.
    private func dnf5() throws -> [String] {
        var commands: [String] = []
        for line in try text("imgbased.actions.in") {
            let parts = line.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
                .map(String.init)
            #expect(parts[0] == "post_transaction" && parts[3].isEmpty)
            let words = parts[4].replacingOccurrences(of: "\\ ", with: "\u{1}").split(separator: " ")
            #expect(words.count == 3 && words[0] == "/bin/sh" && words[1] == "-c")
            for package in parts[1] == "*" ? Self.packages : [[:]] {
                var command = String(words[2]).replacingOccurrences(of: "\u{1}", with: " ")
                for (key, value) in package {
                    let name = key == "word" ? "action" : key
                    command = command.replacingOccurrences(of: "${pkg.\(name)}", with: value)
                }
                // The shell of the test knows the process as its parent.
                commands.append(command.replacingOccurrences(of: "${pid}", with: "$PPID"))
            }
        }
        return commands
    }

    @Test func eachPackageIsNotedOnce() throws {
        try scratch.shell("touch run/boot.json")
        let note = "I tool 1 2.0 1.fc x86_64\nU lib_x 0 1 1 noarch\n"
        let expected = DnfTransaction(Array(note.utf8))
        #expect(try run(dnf4()) == expected)
        #expect(try run(dnf5()) == expected)
    }

    @Test func nothingIsNotedInAnotherSystemOrWithinAHook() throws {
        for commands in [try dnf4(), try dnf5()] {
            #expect(try run(commands) == nil)
            try scratch.shell("touch run/boot.json")
            let inHook = commands.map { "IMGBASED_EVENT=new-layer-added; " + $0 }
            #expect(try run(inHook) == nil)
            try scratch.shell("rm run/boot.json; [ ! -e calls ]")
        }
    }
}
