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
        let present = try PackageTree.database(of: to)
        let sets = selection.sets(in: present)
        let surplus = selection.surplus(in: present)
        let all = sets.reduce(into: Set<PackageName>()) { $0.formUnion($1) }
        if all.isEmpty, surplus.isEmpty { return result }
        let files: [SandboxedInstallation.File]
        do throws(HostFailure) { files = try PackageInstaller.answers(from, to) } catch {
            for id in all.union(surplus) { result.problems[id] = "\(error)" }
            return result
        }
        let problem = try install(all, removing: surplus, files, into: to, &result)
        guard let problem else { return result }
        // With several sets, one of them is to blame.
        if sets.count <= 1, surplus.isEmpty {
            for id in all { result.problems[id] = problem }
            return result
        }
        if !surplus.isEmpty, let problem = try install([], removing: surplus, [], into: to, &result) {
            for id in surplus { result.problems[id] = problem }
        }
        for set in sets {
            guard let problem = try install(set, removing: [], files, into: to, &result) else { continue }
            for id in set { result.problems[id] = problem }
        }
        return result
    }

    /// Installs one set, or nothing of it; returns why not.
    private func install(
        _ set: Set<PackageName>, removing: [PackageName], _ files: [SandboxedInstallation.File],
        into to: borrowing ConfinedTree, _ result: inout Result
    ) throws(HostFailure) -> String? {
        let needed = selection.room(for: set)
        if HostTemporary.free < needed {
            return "'\(HostTemporary.directory)' has no room to try it: \(needed.formatted)"
        }
        if to.free < needed { return "the new layer has no room for it: \(needed.formatted)" }
        // Both the overlay and the layer can be volumes of the pool.
        do throws(HostFailure) { try checkRoom(Bytes(needed.count * 2)) } catch { return "\(error)" }
        var installation = SandboxedInstallation()
        installation.removing = removing
        installation.runs = selection.runs(of: set)
        installation.files = files
        installation.temporaryFiles = PackageInstaller.temporaryFiles(to)
        installation.check = check
        // A constant can be shared with the sandbox's thread.
        let work = installation
        let scratch: HostTemporaryDirectory
        let problem: String?
        do throws(SystemError) {
            scratch = try HostTemporaryDirectory()
            problem = try HostSandbox.run(lower, in: scratch.path) { work.run(in: $0) }
        } catch {
            return "it cannot be tried: \(error)"
        }
        try checkSignals()
        if let problem { return problem }
        let upper = try calling { () throws(SystemError) in
            try ConfinedTree(scratch.path).directory("/" + HostSandbox.upper)
        }
        // From here on, a failure would leave half of it.
        let size = try calling(OverlayChanges.size(of: upper))
        if to.free < size { return "the new layer has no room for it: \(size.formatted)" }
        do throws(HostFailure) { try checkRoom(size) } catch { return "\(error)" }
        let changes = try calling { () throws(SystemError) in
            try OverlayChanges.apply(
                from: upper, to: to, last: TreePath(parsing: PackageDatabase.listDirectory))
        }
        withExtendedLifetime(scratch) {}
        result.hasChanged = true
        try PackageTree.addMade(changes.made, to: to)
        try calling(to.flush())
        return nil
    }

    // MARK: Files of the sandbox

    /// What keeps services from starting, and has an initramfs made that boots on any machine: the sandbox does
    /// not show this one.
    private static func temporaryFiles(_ tree: borrowing ConfinedTree) -> [SandboxedInstallation.File] {
        var files = [
            SandboxedInstallation.File(
                path: "/usr/sbin/policy-rc.d", contents: Array("#!/bin/sh\nexit 101\n".utf8),
                permissions: 0o755)
        ]
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
