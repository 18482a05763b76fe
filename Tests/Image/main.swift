// `make image-build` and its kin: image GOAL. The results are in build/.

import Foundation
import TestMachine

let build = BuildDirectory.project + "/build"
let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }

/// Prints a text without delay, even to a pipe.
func tell(_ text: String) {
    print(text)
    fflush(nil)
}

/// Prints the length of the file `name` in build/, and the bytes that it takes on the build host's disk.
func tellSize(of name: String) throws {
    let numbers = try HostCommand.run("stat", "-c", "%s %b", "\(build)/\(name)")
        .split { $0.isWhitespace }.compactMap { Int($0) }
    tell("build/\(name): \(numbers[0]) bytes, \(numbers[1] * 512) on disk")
}

/// The login of everything that is built here.
func login() throws -> Login {
    let login = try Login(passwordFile: build + "/root-password", keys: environment["SSH_KEY"])
    tell("root's password on the console is in build/root-password")
    return login
}

func buildDisk(_ release: DebianTree) throws {
    tell(try NodeDisk.make(build + "/runtime-layout.img", of: release, login: login()))
    try tellSize(of: "runtime-layout.img")
}

func checkDisk(_ release: DebianTree) throws {
    let (disk, login) = try (build + "/runtime-layout.img", login())
    for firmware in [Firmware.bios, .uefi] {
        let start = ContinuousClock.now
        try ImageCheck.disk(
            disk, login: login, firmware: firmware,
            payloads: firmware == .bios ? NodeImage.payload(release) : [])
        tell("build/runtime-layout.img boots by \(firmware) and is healthy: \((.now - start).inSeconds)")
    }
}

func buildPayload(_ release: DebianTree) throws {
    for file in try NodeImage.payload(release) {
        let name = URL(filePath: file).lastPathComponent
        try HostCommand.run(
            "cp", "--reflink=auto", "--sparse=always", "--remove-destination", file, "\(build)/\(name)")
        try tellSize(of: name)
    }
}

func buildISO(_ release: DebianTree) throws {
    try LiveSystem.makeISO(build + "/live.iso", of: release, login: login())
    try tellSize(of: "live.iso")
}

func buildPXE(_ release: DebianTree) throws {
    try? FileManager.default.removeItem(atPath: build + "/pxe")
    try LiveSystem.makePXE(
        build + "/pxe", of: release, login: login(),
        url: environment["URL"] ?? "http://${next-server}/imgbased")
    for name in try FileManager.default.contentsOfDirectory(atPath: build + "/pxe").sorted() {
        try tellSize(of: "pxe/" + name)
    }
}

let goals = [
    "disk": buildDisk, "check": checkDisk, "payload": buildPayload, "iso": buildISO, "pxe": buildPXE,
]
do {
    guard let release = DebianTree(rawValue: environment["RELEASE"] ?? "bookworm") else {
        throw MachineError.unexpected("RELEASE can be 'bookworm' or 'trixie'")
    }
    guard let goal = CommandLine.arguments.dropFirst().first.flatMap({ goals[$0] }) else {
        throw MachineError.unexpected("give one of \(goals.keys.sorted())")
    }
    try goal(release)
} catch {
    FileHandle.standardError.write(Data("image: \(error)\n".utf8))
    exit(1)
}
