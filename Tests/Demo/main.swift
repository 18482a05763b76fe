// `make demo`: shows, in machines, the package in an image, an installation of the image, an update and the
// way back.

import Foundation
import TestMachine

/// Prints a text without delay, even to a pipe.
func tell(_ text: String) {
    print(text)
    fflush(nil)
}

/// The stages of the demonstration and their times.
@MainActor enum Stages {
    private static var start = ContinuousClock.now
    private static var last: ContinuousClock.Instant?

    /// Prints the time of the previous stage.
    static func end() {
        if let last {
            tell(
                "    (\((ContinuousClock.now - last).inSeconds), in all \((ContinuousClock.now - start).inSeconds))"
            )
        } else {
            start = .now
        }
        last = .now
    }
}

/// Prints the time of the previous stage, and a heading for the next.
@MainActor func tell(step: String) {
    Stages.end()
    tell("\n==> \(step)")
}

/// Runs `command` in the guest, and shows and returns its output.
@discardableResult
func show(_ command: String, in vm: VM, within limit: Duration = .minutes(1)) throws -> String {
    tell("\n# \(command)")
    let output = try vm.check(command, within: limit)
    tell(output)
    return output
}

/// Waits until root can log in and all units have started.
func waitForSystem(_ vm: VM, _ login: Login) throws {
    try vm.logIn(login)
    try vm.check("systemctl is-system-running --wait || true", within: .minutes(3))
}

/// Shows GRUB's menu, and boots its highlighted entry.
func showMenu(_ vm: VM) throws {
    let menu = try vm.menu()
    tell(vm.screen.joined(separator: "\n"))
    try menu.boot()
}

/// Throws unless the booted layer is `layer`.
func expectBooted(_ layer: String, in vm: VM) throws {
    let booted = try vm.check("imgbase layer --current")
    guard booted == layer else {
        throw MachineError.unexpected("'\(layer)' was to be booted, and '\(booted)' was")
    }
}

/// A disk with the image, made anew in `directory` by `imgbase install`.
@MainActor func install(_ login: Login, in directory: String) throws -> String {
    tell(step: "the package of imgbased, and an image of Debian 12 with the package in it")
    let image = try NodeImage.current()
    tell(try HostCommand.run("ls", "-sh", image.path))
    tell(step: "imgbase install: the image on an empty disk")
    let disk = directory + "/runtime-layout.img"
    tell(try NodeDisk.make(disk, login: login))
    return disk
}

@MainActor func demonstrate(in directory: String) throws {
    tell("Each stage tells its time. The first run also makes the image.")
    let login = Login()
    let disk = try install(login, in: directory)
    let disks: [Disk] = [.overlay(of: disk), .overlay(of: try NodeImage.current().path)]
    try Machine(name: "demo", disks: disks, memory: 1024).run { vm in
        tell(step: "the machine starts from that disk")
        try showMenu(vm)
        try waitForSystem(vm, login)
        for command in [
            "imgbase w", "imgbase layout", "findmnt /", "lvs -a", "cat /run/imgbased/boot.json",
        ] {
            try show(command, in: vm)
        }
        let layer = try vm.check("imgbase layer --current")

        tell(step: "the administrator's changes, and the next image on /dev/vdb: both changed /etc/issue")
        try show("echo 'Only for staff' >/etc/issue; echo mine >/etc/local.conf", in: vm)
        try show(
            "mount /dev/vdb /mnt; echo 'Debian image 2' >/mnt/etc/issue; echo new >/mnt/etc/new.conf; umount /mnt",
            in: vm)
        let report = try show("imgbase update /dev/vdb", in: vm, within: .minutes(10))
        let updated = report.split(separator: "\n").last.map(String.init) ?? ""

        tell(step: "restart; nobody touches the menu")
        try vm.reboot()
        try vm.expect("Loading layer \(updated) ", within: .minutes(3))
        try waitForSystem(vm, login)
        for command in [
            "imgbase status",
            "head /etc/local.conf /etc/new.conf /etc/issue; imgbase conflicts diff /etc/issue",
        ] {
            try show(command, in: vm)
        }
        try expectBooted(updated, in: vm)

        tell(step: "and back")
        try show("imgbase rollback", in: vm)
        try vm.reboot()
        try showMenu(vm)
        try waitForSystem(vm, login)
        try show("imgbase status; cat /etc/issue", in: vm)
        try expectBooted(layer, in: vm)
        try vm.shutDown()
        Stages.end()
        tell(
            "\ndemo: installed an image with the package, booted its layer '\(layer)' from the GRUB menu; "
                + "updated to '\(updated)' and went back")
    }
}

@MainActor func interact(in directory: String) throws -> Never {
    let login = Login()
    let disk = try install(login, in: directory)
    tell(step: "choose a layer; root's password is \(login.password); Ctrl-a x ends the machine")
    try Machine(name: "interactive", disks: [.overlay(of: disk)], memory: 1024).becomeInteractive()
}

do {
    let isInteractive = ProcessInfo.processInfo.environment["INTERACTIVE"] == "1"
    let directory = try BuildDirectory.makeScratch("demo")
    defer { try? FileManager.default.removeItem(atPath: directory) }
    if isInteractive { try interact(in: directory) }
    try demonstrate(in: directory)
} catch {
    FileHandle.standardError.write(Data("demo: \(error)\n".utf8))
    exit(1)
}
