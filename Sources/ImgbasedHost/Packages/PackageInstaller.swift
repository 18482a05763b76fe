import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// Installs the added packages of an old layer in a new one.
///
/// A set of packages is installed in an overlay, and taken over if all of it succeeded. So a package that
/// fails leaves nothing behind, and stops nothing.
public struct PackageInstaller: Sendable {
    /// What the new layer gets.
    let selection: PackageSelection
    /// The place of the new layer, for the overlay.
    let lower: HostSandbox.Lower
    /// Why the tree at a path cannot be used; `nil` if it can.
    var check: @Sendable (_ tree: String) -> String? = { _ in nil }
    /// Throws if there is no room in the pool for that much.
    var checkRoom: @Sendable (Bytes) throws(HostFailure) -> Void = { _ in }

    /// An installer of `selection` in the layer at `lower`.
    public init(_ selection: PackageSelection, lower: HostSandbox.Lower) {
        (self.selection, self.lower) = (selection, lower)
    }

    /// What was done.
    public struct Result: Sendable {
        /// Why packages are not installed.
        public var problems: [PackageName: String] = [:]
        /// What the package manager said of packages that it installed in spite of it.
        public var remarks: [PackageName: String] = [:]
        /// Whether the new layer was changed.
        public var hasChanged = false
    }

    /// Installs what the layer `to` lacks of the selection, and removes what is too much. `from` is the old
    /// layer, with the administrator's answers.
    ///
    /// - Throws: If what was installed cannot be taken over: the layer is then not whole. If a signal came.
    public func run(
        from: borrowing ConfinedTree, into to: borrowing ConfinedTree
    ) throws(HostFailure) -> Result {
        var result = Result()
        let present = try PackageTree.database(of: to, at: lower)
        let sets = selection.sets(in: present)
        let surplus = selection.surplus(in: present)
        let all = sets.reduce(into: Set<PackageName>()) { $0.formUnion($1) }
        var holds = selection.holds(in: present, adding: all)
        if all.isEmpty, surplus.isEmpty, holds.isEmpty { return result }
        let files: [SandboxedInstallation.File]
        do throws(HostFailure) { files = try PackageInstaller.answers(from, to) } catch {
            for id in all.union(surplus) { result.problems[id] = "\(error)" }
            return result
        }
        let failure = try install(all, removing: surplus, holding: holds, files, into: to, &result)
        guard let failure else { return result }
        if !surplus.isEmpty, let failure = try install([], removing: surplus, into: to, &result) {
            for id in surplus { result.problems[id] = failure.reason }
        }
        // With several sets, one of them is to blame.
        let isKnown = sets.count == 1 && surplus.isEmpty
        for set in sets {
            try installPart(of: set, after: isKnown ? failure : nil, files, into: to, &result)
        }
        holds = selection.holds(in: try PackageTree.database(of: to, at: lower))
        if !holds.isEmpty { _ = try install([], holding: holds, into: to, &result) }
        return result
    }

    /// Installs what can be installed of `set`, all of which may have failed with `failure` already.
    private func installPart(
        of set: Set<PackageName>, after failure: Failure?, _ files: [SandboxedInstallation.File],
        into to: borrowing ConfinedTree, _ result: inout Result
    ) throws(HostFailure) {
        var left = set
        var failure = failure
        if failure == nil { failure = try install(left, files, into: to, &result) }
        while let now = failure {
            let blamed = selection.blamed(left, for: now.reason, now.output, besides: result.problems)
            if blamed.isEmpty { return try installEach(of: left, now, files, into: to, &result) }
            for (id, reason) in blamed {
                result.problems[id] = reason
                left.remove(id)
            }
            failure = left.isEmpty ? nil : try install(left, files, into: to, &result)
        }
    }

    /// Installs the packages of `set` alone, as long as one of them can be: it may be what another needs.
    private func installEach(
        of set: Set<PackageName>, _ failure: Failure, _ files: [SandboxedInstallation.File],
        into to: borrowing ConfinedTree, _ result: inout Result
    ) throws(HostFailure) {
        for id in set { result.problems[id] = failure.reason }
        if set.count == 1 { return }
        var left = set
        var isDone = false
        while !isDone {
            isDone = true
            for id in left.sorted() {
                if let failure = try install([id], files, into: to, &result) {
                    let blamed = selection.blamed([id], for: failure.reason, failure.output, besides: [:])
                    result.problems[id] = blamed[id] ?? failure.reason
                } else {
                    result.problems[id] = nil
                    left.remove(id)
                    isDone = false
                }
            }
        }
    }

    private typealias Failure = SandboxedInstallation.Failure

    /// Installs one set, or nothing of it; returns why not.
    private func install(
        _ set: Set<PackageName>, removing: [PackageName] = [], holding: [PackageName] = [],
        _ files: [SandboxedInstallation.File] = [], into to: borrowing ConfinedTree, _ result: inout Result
    ) throws(HostFailure) -> Failure? {
        let needed = selection.room(for: set)
        if HostTemporary.free < needed {
            return Failure(
                reason: "'\(HostTemporary.directory)' has no room to try it: \(needed.formatted)")
        }
        if to.free < needed {
            return Failure(reason: "the new layer has no room for it: \(needed.formatted)")
        }
        // Both the overlay and the layer can be volumes of the pool.
        do throws(HostFailure) { try checkRoom(Bytes(needed.count * 2)) } catch {
            return Failure(reason: "\(error)")
        }
        var installation = SandboxedInstallation(by: selection.manager)
        installation.removing = removing
        installation.runs = selection.runs(of: set)
        installation.holding = holding
        installation.files = files
        installation.temporaryFiles = PackageInstaller.temporaryFiles(to, selection.manager)
        installation.check = check
        // A constant can be shared with the sandbox's thread.
        let work = installation
        let scratch: HostTemporaryDirectory
        let end: SandboxedInstallation.End
        do throws(SystemError) {
            scratch = try HostTemporaryDirectory()
            end = try HostSandbox.run(lower, in: scratch.path) { work.run(in: $0) }
        } catch {
            return Failure(reason: "it cannot be tried: \(error)")
        }
        try checkSignals()
        let output: String
        switch end {
        case .failed(let failure): return failure
        case .done(let said): output = said
        }
        let upper = try calling { () throws(SystemError) in
            try ConfinedTree(scratch.path).directory("/" + HostSandbox.upper)
        }
        // From here on, a failure would leave half of it.
        let size = try calling(OverlayChanges.size(of: upper))
        if to.free < size {
            return Failure(reason: "the new layer has no room for it: \(size.formatted)")
        }
        do throws(HostFailure) { try checkRoom(size) } catch { return Failure(reason: "\(error)") }
        let changes = try calling { () throws(SystemError) in
            try OverlayChanges.apply(
                from: upper, to: to, last: TreePath(parsing: PackageDatabase.listDirectory))
        }
        withExtendedLifetime(scratch) {}
        result.hasChanged = true
        result.remarks.merge(selection.remarks(set, output)) { _, new in new }
        try PackageTree.addMade(changes.made, to: to)
        try calling(to.flush())
        return nil
    }

    // MARK: Files of the sandbox

    /// What keeps services from starting, and has an initramfs made that boots on any machine: the sandbox does
    /// not show this one.
    private static func temporaryFiles(
        _ tree: borrowing ConfinedTree, _ manager: PackageManager
    ) -> [SandboxedInstallation.File] {
        var files: [SandboxedInstallation.File] = []
        // The scripts of rpm's packages ask systemctl, which does nothing in a chroot.
        if manager == .dpkg {
            files.append(
                SandboxedInstallation.File(
                    path: "/usr/sbin/policy-rc.d", contents: Array("#!/bin/sh\nexit 101\n".utf8),
                    permissions: 0o755))
        }
        if (try? tree.isDirectory("/etc/dracut.conf.d")) == true {
            var settings = "hostonly=\"no\"\n"
            // dracut fails if it is to add a module that is not there.
            if (try? tree.isDirectory("/usr/lib/dracut/modules.d/50imgbased")) == true {
                settings += "add_dracutmodules+=\" imgbased \"\n"
            }
            files.append(
                SandboxedInstallation.File(
                    path: "/etc/dracut.conf.d/zz-imgbased-packages.conf", contents: Array(settings.utf8)))
        }
        return files
    }

    /// The answers that the administrator gave to packages in `from`: to their questions, and which of their
    /// units are enabled (deb-systemd-helper(1p)).
    private static func answers(
        _ from: borrowing ConfinedTree, _ to: borrowing ConfinedTree
    ) throws(HostFailure) -> [SandboxedInstallation.File] {
        var files: [SandboxedInstallation.File] = []
        for path in DebconfAnswers.paths {
            guard let old = try calling(from.read(path, limit: DebconfAnswers.limit)) else { continue }
            let new = try calling(to.read(path, limit: DebconfAnswers.limit)) ?? []
            let joined = DebconfAnswers.joined(new, old)
            if joined == new { continue }
            files.append(
                SandboxedInstallation.File(
                    path: path, contents: joined, permissions: path.contains("passwords") ? 0o600 : 0o644))
        }
        for name in ["deb-systemd-helper-enabled", "deb-systemd-helper-masked"] {
            let top = "/var/lib/systemd/" + name
            for path in try calling(states(top, in: from, depth: 0)) {
                guard try calling(to.openFile(path)) == nil else { continue }
                let contents = try calling(from.read(path, limit: 1 << 20)) ?? []
                files.append(SandboxedInstallation.File(path: path, contents: contents))
            }
        }
        // A package of a foreign architecture needs it declared (dpkg --add-architecture).
        let path = "/var/lib/dpkg/arch"
        if let old = try calling(from.read(path, limit: 1 << 16)) {
            let new = try calling(to.read(path, limit: 1 << 16)) ?? []
            let there = Set(new.split(separator: UInt8(ascii: "\n")))
            let lacking = old.split(separator: UInt8(ascii: "\n")).filter { !there.contains($0) }
            if !lacking.isEmpty {
                let contents = new + lacking.flatMap { $0 + [UInt8(ascii: "\n")] }
                files.append(SandboxedInstallation.File(path: path, contents: contents))
            }
        }
        return files
    }

    /// The plain files in `directory` and below.
    private static func states(
        _ directory: String, in tree: borrowing ConfinedTree, depth: Int
    ) throws(SystemError) -> [String] {
        var found: [String] = []
        for name in try tree.names(in: directory).sorted() {
            let path = directory + "/" + name
            if try tree.link(at: path) != nil { continue }
            if try tree.isDirectory(path) {
                if depth < 4 { found += try states(path, in: tree, depth: depth + 1) }
            } else {
                found.append(path)
            }
        }
        return found
    }
}
