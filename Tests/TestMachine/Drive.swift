import Foundation

/// A disk of a machine as QEMU is told of it: on its command line, or by its monitor while it runs.
struct Drive {
    /// Whether it is in the machine.
    var isPlugged = true
    let name: String
    private let file: String
    private let isReadOnly: Bool
    /// Whether what the guest has flushed outlives a power cut. Not where a disk is used only after its machine has
    /// shut down: the build host's disk need not be waited for.
    private let isFlushed: Bool
    /// Where everything that is done to it is written down, if anywhere.
    let log: String?

    /// Disk `index` of a machine; what it holds is made in the directory `scratch` if need be.
    init(_ disk: Disk, index: Int, scratch: String) throws {
        name = "disk\(index)"
        let new = "\(scratch)/\(name).qcow2"
        if case .recorded(_, let log) = disk { self.log = log } else { log = nil }
        switch disk {
        case .overlay(let base):
            try DiskImage.createOverlay(new, of: base)
            (file, isReadOnly, isFlushed) = (new, false, true)
        case .blank(let mebibytes):
            try DiskImage.create(new, mebibytes: mebibytes)
            (file, isReadOnly, isFlushed) = (new, false, true)
        case .file(let path), .recorded(let path, _):
            (file, isReadOnly, isFlushed) = (path, false, false)
        case .readOnly(let path):
            (file, isReadOnly, isFlushed) = (path, true, true)
        }
    }

    /// What QEMU calls the device, which is not what is in it.
    var deviceName: String { "\(name)-device" }

    /// What the guest calls disk `index`.
    static func device(at index: Int) -> String {
        "/dev/vd" + String(UnicodeScalar(UInt8(ascii: "a") + UInt8(index)))
    }

    /// What is on it, as `blockdev-add` of the monitor takes it.
    var medium: [String: any Sendable] {
        guard let log else { return medium(name: name) }
        return WriteLog.node(name: name, over: medium(name: name + "-file"), log: log)
    }

    private func medium(name: String) -> [String: any Sendable] {
        let cache = ["direct": false, "no-flush": !isFlushed]
        return [
            "driver": DiskImage.format(of: file), "node-name": name, "read-only": isReadOnly,
            "discard": "unmap",
            "cache": cache,
            "file": [
                "driver": "file", "filename": file, "read-only": isReadOnly, "discard": "unmap",
                "cache": cache,
            ] as [String: any Sendable],
        ]
    }

    /// The disk, as `device_add` of the monitor takes it.
    var device: [String: any Sendable] {
        var device: [String: any Sendable] = [
            "driver": "virtio-blk-pci", "drive": name, "id": deviceName,
        ]
        // QEMU makes one write of several, of as many parts as the build host's kernel takes; with the log's head before them it
        // is one too many, and the log has a hole.
        if log != nil { device["request-merging"] = false }
        return device
    }

    /// Both, as QEMU's command line has them.
    func arguments() throws -> [String] {
        try [("-blockdev", medium), ("-device", device)].flatMap { option, value in
            [option, String(decoding: try JSONSerialization.data(withJSONObject: value), as: UTF8.self)]
        }
    }
}

extension VM {
    /// Takes disk `index` out of a machine without power.
    public func unplug(_ index: Int) {
        drives[index].isPlugged = false
    }

    /// Pulls disk `index` out of the running machine, and waits until its kernel has let it go.
    public func pull(_ index: Int) throws {
        try execute("device_del", ["id": drives[index].deviceName])
        try waitForEvent("DEVICE_DELETED", of: drives[index].deviceName)
        try execute("blockdev-del", ["node-name": drives[index].name])
        drives[index].isPlugged = false
    }

    /// Plugs disk `index` into the running machine.
    public func plug(_ index: Int) throws {
        try execute("blockdev-add", drives[index].medium)
        try execute("device_add", drives[index].device)
        drives[index].isPlugged = true
    }
}
