import onnxruntime as ort,numpy as np,time,sys
for f in sys.argv[1:]:
    for th in (1,2):
        o=ort.SessionOptions(); o.intra_op_num_threads=th
        t=time.time(); s=ort.InferenceSession(f,o,providers=['CPUExecutionProvider']); load=time.time()-t
        r=[]
        for n,L in ((1,40),(1,80),(1,170),(3,60),(3,80),(6,60),(6,100)):
            x=np.random.randint(1000,20000,(n,L)).astype(np.int64); d=dict(input_ids=x,token_type_ids=np.zeros_like(x),attention_mask=np.ones_like(x))
            for _ in range(3): s.run(None,d)
            ts=[]
            for _ in range(15):
                t=time.time(); s.run(None,d); ts.append(time.time()-t)
            r.append(f'{n}x{L}: {sorted(ts)[7]*1000:.1f}')
        print(f,th,f'load {load*1000:.0f}ms',r)
