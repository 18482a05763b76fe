import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Files outside of `/etc` that the lists name, and the directories above them.
@Suite struct CarryListWalkTests {
    @Test(arguments: ["/opt/*", "/opt/**/c*", "/opt", "/opt/c", "/*/c*"])
    func aConflictInWhatAListNamesWaitsElsewhere(list: String) throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1\n"), (ours, "2\n"), (new, "3\n")] {
                root.put("/opt/c", .file(text))
            }
        }
        trees.settings.scope = CarryWalkTests.lists("", merged: list)
        for _ in 0..<3 {
            let report = try CarryWalkTests.carry(trees)
            #expect(trees.target["/opt"]?.entries.count == 1)
            #expect(CarryWalkTests.text(trees.target, ConflictStore.directory + "/opt/c") == "3\n")
            #expect(report.items.map(\.outcome) == [.conflict])
        }
    }

    // MARK: Obstacles

    @Test(arguments: [true, false])
    func whatANewBaseIsInTheWayOfIsTold(isLink: Bool) throws {
        let problem = isLink ? MemoryNode.link("/usr/lib/app") : .file("no directory")
        for list in ["/opt/*/conf", "/**/conf", "/opt/app/c*", "/opt/*.conf\n/opt/app/conf"] {
            for isMerged in [true, false] {
                var trees = CarryWalkTests.trees { (base, ours, new) in
                    for root in [base, ours] { root.put("/opt/app/conf", .file("1")) }
                    ours.put("/opt/app/conf", .file("2"))
                    // This directory has nothing that the list names.
                    ours.put("/opt/other/x", .file("mine"))
                    for name in ["app", "other"] { new.put("/opt/" + name, problem.copy()) }
                }
                trees.settings.scope = CarryWalkTests.lists(
                    isMerged ? "" : list, merged: isMerged ? list : "")
                let report = try CarryWalkTests.carry(trees)
                #expect(report.conflicts.map(\.path.description) == ["/opt/app"], "\(list)")
                #expect(report.conflicts.map(\.outcome) == [.omitted])
                #expect(MemoryNode.differences(trees.target, trees.new) == [])
            }
        }
    }

    /// Only a link to a directory is reported, if the directory is not carried at its own path.
    @Test(arguments: [
        ("/opt/*/conf", "/data/app", true), ("/opt/*/conf", "/data/file", false),
        ("/opt/*/conf", "/data/none", false), ("/opt/*/conf", "app-1", false),
        ("/**/conf", "/data/app", false),
        ("/opt/*/conf\n/data", "/data/app", false), ("/opt/*.conf\n/opt/app/data", "/data/none", true),
        ("/srv/*/conf", "/data/app", false),
    ])
    func whatIsBehindALinkIsTold(list: String, target: String, isTold: Bool) throws {
        var trees = CarryWalkTests.trees { (_, ours, new) in
            ours.put("/opt/app", .link(target))
            ours.put("/opt/app-1/conf", .file("mine"))
            ours.put("/data/app/conf", .file("mine"))
            ours.put("/data/file", .file("mine"))
            new.put("/opt/x", .file("new"))
        }
        trees.settings.scope = CarryWalkTests.lists(list)
        let report = try CarryWalkTests.carry(trees)
        #expect(
            report.conflicts.filter { $0.path.description == "/opt/app" }.map(\.outcome)
                == (isTold ? [.omitted] : []))
    }

    @Test(arguments: ["/elsewhere", nil])
    func whatWasTakenAwayWithItsDirectoryIsTold(target: String?) throws {
        for name in ["conf", "other"] {
            var trees = CarryWalkTests.trees { (base, ours, new) in
                for root in [base, new] { root.put("/opt/app/" + name, .file("1")) }
                ours.put("/opt/app", target.map { .link($0) } ?? .file("mine"))
            }
            trees.settings.scope = CarryWalkTests.lists("/opt/*/conf")
            let report = try CarryWalkTests.carry(trees)
            #expect(report.conflicts.map(\.path.description) == (name == "conf" ? ["/opt/app"] : []))
        }
    }

    /// An earlier run reached paths that a later one cannot.
    @Test func whatCannotBeReachedAnyMoreIsAsInTheNewBase() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1"), (ours, "2"), (new, "1")] {
                root.put("/opt/app/conf", .file(text))
            }
            ours.put("/opt/app/conf.d", .file("mine"))
        }
        trees.settings.scope = CarryWalkTests.lists("/opt/app/conf\n/opt/app/conf.d")
        _ = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/opt/app/conf") == "2")
        trees.ours.put("/opt/app", .link("/elsewhere"))
        #expect(try CarryWalkTests.carry(trees).conflicts.map(\.path.description) == ["/opt/app"])
        #expect(CarryWalkTests.text(trees.target, "/opt/app/conf") == "1")
        #expect(trees.target["/opt/app"]?.entries.count == 1)
    }

    // MARK: Missing paths

    @Test(
        arguments: [
            ("/opt/x", nil), ("/opt/new", nil), ("/opt/gone", nil), ("/opt/typo", .unused),
            ("/typo/x", .unused), ("/opt/*o", nil), ("/opt/x/y", .omitted), ("/etc/link/x", .omitted),
            ("/var/lib/imgbased/x", nil), ("/opt/" + String(repeating: "x", count: 300), .unused),
        ] as [(String, CarryOutcome?)])
    func aPathThatNothingHasIsTold(path: String, outcome: CarryOutcome?) throws {
        for isMerged in [true, false] {
            var trees = CarryWalkTests.trees { (base, ours, new) in
                base.put("/opt/gone", .file("old"))
                ours.put("/opt/x", .file("mine"))
                ours.put("/etc/link", .link("/data"))
                ours.put("/data/x", .file("mine"))
                new.put("/data", .directory())
                new.put("/opt/new", .file("new"))
            }
            trees.settings.scope = CarryWalkTests.lists(isMerged ? "" : path, merged: isMerged ? path : "")
            let report = try CarryWalkTests.carry(trees)
            let told = report.items.filter { $0.outcome == .unused || $0.outcome.needsLook }
            #expect(told.map(\.outcome) == (outcome.map { [$0] } ?? []), "\(report.lines)")
        }
    }

    // MARK: imgbase's own name

    @Test(arguments: [
        ("/opt/*", true), ("/opt/.imgbased-new", true), ("/opt/.imgbased-new/x", true), ("/opt/*/x", true),
        ("/opt/**/x", true), ("/opt", true), ("/opt/*/y", false), ("/opt/y", false), ("/srv/x", false),
    ])
    func imgbasesOwnNameIsTold(list: String, isTold: Bool) throws {
        var trees = CarryWalkTests.trees { (_, ours, _) in
            for path in ["/opt/.imgbased-new/x", "/opt/y", "/srv/x"] { ours.put(path, .file("mine")) }
        }
        trees.settings.scope = CarryWalkTests.lists(list)
        let report = try CarryWalkTests.carry(trees)
        #expect(report.conflicts.map(\.path.description) == (isTold ? ["/opt/.imgbased-new"] : []))
        #expect(trees.target["/opt/.imgbased-new"] == nil)
    }

    @Test func imgbasesOwnNameIsToldInADirectoryTakenWhole() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            base.put("/etc/d", .file("old"))
            ours.put("/etc/d/e/.imgbased-new", .file("mine"))
            new.put("/etc/d", .file("new"))
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(report.conflicts.map(\.path.description) == ["/etc/d", "/etc/d/e/.imgbased-new"])
    }
}
