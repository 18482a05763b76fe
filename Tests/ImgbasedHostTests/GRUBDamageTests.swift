import Foundation
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// What GRUB boots where its files are not what they should be.
@Suite struct GRUBDamageTests {
    /// What there can be in place of a file.
    enum Damage: Hashable, Sendable {
        case missing, empty, zeros, ones, onesBehindTheHead, zerosAtTheEnd, beginningOfAnother, ofSomebodyElse
        /// So many of 40 parts of it.
        case part(Int)
        /// All but so many bytes.
        case allBut(Int)

        static let all: [Damage] =
            [
                .missing, .empty, .zeros, .ones, .onesBehindTheHead, .zerosAtTheEnd, .beginningOfAnother,
                .ofSomebodyElse, .allBut(1), .allBut(2), .allBut(20),
            ] + stride(from: 1, to: 40, by: 2).map { .part($0) }

        func callAsFunction(_ file: [UInt8]) -> [UInt8]? {
            let ones = [UInt8](repeating: 0xFF, count: 20_000)
            return switch self {
            case .missing: nil
            case .empty: []
            case .zeros: [UInt8](repeating: 0, count: file.count)
            case .ones: ones
            case .onesBehindTheHead: Array(file.prefix(70)) + ones
            case .zerosAtTheEnd: file.prefix(file.count / 2) + [UInt8](repeating: 0, count: file.count / 2)
            case .beginningOfAnother:
                Array(GRUBMenu.full([GRUBBoot.entry("Base-7.7")], prefix: "").utf8.prefix(file.count / 2))
                    + file.dropFirst(file.count / 2)
            case .ofSomebodyElse: Array("menuentry x {\n echo OTHER\n exit\n}\n".utf8)
            case .part(let fortieth): Array(file.prefix(file.count * fortieth / 40))
            case .allBut(let less): file.dropLast(less)
            }
        }
    }

    /// A menu that is not whole is as good as none, and the other decides as it would have. With both damaged, the record is
    /// enough; with all of it damaged, the rest of grub.cfg has its turn: never the prompt.
    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: Damage.all)
    func halfAMenuIsNone(damage: Damage) throws {
        let record = GRUBBoot.record("Base-0.1", trial: "Base-0.10", good: "Base-0.1")
        let environment = GRUBBoot.environment(record)
        let menu = damage(Array(GRUBBoot.menu.utf8))
        let copy = Array(GRUBBoot.menu.utf8)
        #expect(menu == nil || !GRUBFile.isWhole(menu.map { String(decoding: $0, as: UTF8.self) }))

        let loader = Array(GRUBBoot.loader.utf8)
        var files = ["/grub/imgbased.cfg": menu, "/imgbased/menu.cfg": copy, "/imgbased/load.cfg": loader]
            .compactMapValues { $0 }
        var booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
        #expect(booted.record.trial?.triesLeft == 2)
        // The last good layer, if nothing is known but what the menu itself has.
        booted = try GRUBBoot.boot(files: files, environment: damage(environment))
        #expect(booted.choice?.isEmpty == false, "\(booted.all)")
        if GRUBEnvironment(damage(environment) ?? []).variables.isEmpty {
            #expect(booted.choice == "Base-0.2 rd.imgbased.reason=best", "\(booted.all)")
        }
        // Others that are not whole are in nobody's way.
        files["/grub/imgbased.cfg"] = Array(GRUBBoot.menu.utf8)
        files["/imgbased/menu.cfg"] = damage(copy)
        files["/imgbased/load.cfg"] = damage(loader)
        booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
        files["/grub/imgbased.cfg"] = menu
        booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.isForeign, "\(booted.all)")
        files["/imgbased/load.cfg"] = loader
        booted = try GRUBBoot.boot(files: files, environment: environment)
        #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
    }

    /// Half a kilobyte of zeros in the middle, as a disk may lose a sector: the ends agree, and still no layer is booted with what
    /// belongs to another. Where the record is not read, that is the newest good one; where an entry has lost its end, and the
    /// menu none of its braces, GRUB's menu waits for somebody.
    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func holes() throws {
        let whole = Array(GRUBBoot.menu.utf8)
        var others = 0
        for place in stride(from: 512, to: whole.count - 512, by: 512) {
            var menu = whole
            for index in place..<(place + 512) { menu[index] = 0 }
            let files = [
                "/grub/imgbased.cfg": menu, "/imgbased/menu.cfg": whole,
                "/imgbased/load.cfg": Array(GRUBBoot.loader.utf8),
            ]
            let booted = try GRUBBoot.boot(files: files, environment: GRUBBoot.environment("Base-0.1"))
            if booted.choice?.hasPrefix("Base-0.1 ") == true { continue }
            others += 1
            #expect(
                booted.choice == nil || booted.choice == "Base-0.2 rd.imgbased.reason=best", "\(booted.all)")
        }
        #expect(others <= 2)
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func directoriesAreNoFiles() throws {
        let files = [
            "/grub/imgbased.cfg/x": [], "/grub/imgbased.env/x": [],
            "/imgbased/menu.cfg": Array(GRUBBoot.menu.utf8),
        ]
        let booted = try GRUBBoot.boot(files: files, environment: nil)
        #expect(booted.choice == "Base-0.2 rd.imgbased.reason=best", "\(booted.all)")
    }
}
