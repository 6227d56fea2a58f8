import torch,sys
from train import Reader
m=Reader(); 
if sys.argv[1]!='-': m.load_state_dict(torch.load(sys.argv[1]))
m.eval()
m.b.set_attn_implementation('eager')
ids=torch.randint(1000,2000,(2,20)); 
class W(torch.nn.Module):
    def __init__(s,m): super().__init__(); s.m=m
    def forward(s,input_ids,token_type_ids,attention_mask):
        S,E,A=s.m(input_ids,token_type_ids,attention_mask); return S,E,A
d={k:{0:'batch',1:'length'} for k in ('input_ids','token_type_ids','attention_mask')}
torch.onnx.export(W(m),(ids,torch.zeros_like(ids),torch.ones_like(ids)),sys.argv[2],input_names=list(d),output_names=['start','end','answerable'],dynamic_axes={**d,'start':{0:'batch',1:'length'},'end':{0:'batch',1:'length'},'answerable':{0:'batch'}},opset_version=17,dynamo=False)
from onnxruntime.quantization import quantize_dynamic,QuantType
from onnxruntime.quantization.shape_inference import quant_pre_process
quant_pre_process(sys.argv[2],sys.argv[2]+'.pre',skip_symbolic_shape=True)
quantize_dynamic(sys.argv[2]+'.pre',sys.argv[3],weight_type=QuantType.QInt8,per_channel=True,reduce_range=False)
import os; print(os.path.getsize(sys.argv[2])/1e6,os.path.getsize(sys.argv[3])/1e6)
